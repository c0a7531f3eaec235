/** Nested levels of lists and objects; the service needs three. */
export const MAX_DEPTH = 32
/**
 * Members of all objects together; no operation has thirty. Distinct names are what makes a parser slow, wherever they
 * are.
 */
export const MAX_MEMBERS = 1000
/** The same for a batch of events: a thousand of fifteen members each, and as many unknown ones as before. */
export const MAX_BATCH_MEMBERS = 17_000
/** Elements of all lists, plus lists and objects; the delivery targets that fit into 1 MiB stay below. */
export const MAX_VALUES = 50_000

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
const LIST = 0x5b
const LIST_END = 0x5d
const OBJECT = 0x7b
const OBJECT_END = 0x7d

/** The members of a delivery target: they repeat in a list of targets, are cheap to parse, and do not count. */
const UNCOUNTED = ['"deliveryMethod"', '"deliveryAddress"', '"domain"'].map((name) => Buffer.from(name))

/**
 * Returns why a body is too costly to parse; undefined when it is not. One pass over the bytes, a few ns each, that
 * ends at the first excess: deep nesting and many distinct names cost `JSON.parse` up to a hundred times as much as the
 * length of a text does. The bytes need not be JSON: everything that a parser reads before a syntax error has been
 * counted.
 */
export function boundsViolation(bytes: Buffer, maxMembers = MAX_MEMBERS): string | undefined {
  let depth = 0
  let lists = 0 // one bit per level: whether it is a list
  let members = 0
  let values = 0
  let start = 0 // of the last string; `end` is its end
  let end = 0
  for (let at = 0; at < bytes.length; at += 1) {
    switch (bytes[at]) {
      case QUOTE:
        start = at
        end = at = endOfText(bytes, at)
        break
      case COLON:
        if (!isUncounted(bytes, start, end) && ++members > maxMembers)
          return `its objects have more than ${maxMembers} members in all`
        start = end // a string names one member only
        break
      case COMMA:
        if ((lists & (1 << depth)) !== 0) values += 1
        break
      case LIST:
      case OBJECT:
        values += 1
        depth += 1
        if (depth > MAX_DEPTH) return `it is nested more than ${MAX_DEPTH} levels deep`
        lists = bytes[at] === LIST ? lists | (1 << depth) : lists & ~(1 << depth)
        break
      case LIST_END:
      case OBJECT_END:
        depth -= 1
        break
    }
    if (values > MAX_VALUES) return `its lists have more than ${MAX_VALUES} elements in all`
  }
  return undefined
}

/** Returns the place of the quote that ends the text which begins at `start`; the last byte when there is none. */
function endOfText(bytes: Buffer, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at
}

function isUncounted(bytes: Buffer, start: number, end: number): boolean {
  const name = UNCOUNTED.find(({ length }) => length === end - start + 1)
  return name !== undefined && bytes.compare(name, 0, name.length, start, end + 1) === 0
}
