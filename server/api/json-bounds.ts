/** Levels of lists and objects within each other; what the service takes has three. */
export const MAX_DEPTH = 32
/** Of all objects together; no operation knows thirty. Names that differ are what makes a parser slow, wherever they stand. */
export const MAX_MEMBERS = 1000
/** Elements of lists, lists and objects, together; the delivery targets that fit into 1 MiB stay below. */
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
 * Why a body is too costly to be parsed; undefined when it is not. One pass over the bytes, a few ns each, that ends at the
 * first excess: many levels and many different names cost `JSON.parse` up to a hundred times as much as a text of their length
 * does. The bytes need not be JSON: all that a parser meets before a fault has been counted.
 */
export function excessOf(bytes: Buffer): string | undefined {
  let depth = 0
  let lists = 0 // a bit for each level: whether it is a list
  let members = 0
  let values = 0
  let start = 0 // of the last text, and its end
  let end = 0
  for (let at = 0; at < bytes.length; at += 1) {
    switch (bytes[at]) {
      case QUOTE:
        start = at
        end = at = endOfText(bytes, at)
        break
      case COLON:
        if (!isUncounted(bytes, start, end) && ++members > MAX_MEMBERS) return `its objects have more than ${MAX_MEMBERS} members in all`
        start = end // a text names one member
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

/** Where the quote is that ends the text which begins at `start`; the last byte when there is none. */
function endOfText(bytes: Buffer, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at
}

function isUncounted(bytes: Buffer, start: number, end: number): boolean {
  const name = UNCOUNTED.find(({ length }) => length === end - start + 1)
  return name !== undefined && bytes.compare(name, 0, name.length, start, end + 1) === 0
}
