/** What `docs/protocol.md` has under a number. */
export interface ProtocolNumbers {
  readonly section: ReadonlySet<string>
  /** Of the decision table. */
  readonly row: ReadonlySet<string>
  /** Of the checklist. */
  readonly item: ReadonlySet<string>
}

export interface Citation {
  readonly kind: keyof ProtocolNumbers
  readonly number: string
  /** From 1. */
  readonly line: number
}

/** Sections whose tables have the rows and the items, by the number in their first column. */
const TABLES: Readonly<Record<string, 'row' | 'item'>> = { 1.4: 'row', 11: 'item' }

/** A blank, or a line end in the middle of a comment. */
const BLANK = String.raw`(?:[ \t]+|[ \t]*\n[ \t]*(?:\*(?!/)|//|--)?[ \t]*)`
const NUMBER = String.raw`\d+(?:\.\d+)*`
const JOINT = String.raw`(?:,${BLANK}?(?:and${BLANK})?|${BLANK}(?:and|or|to)${BLANK}|-)`
const NEW = new RegExp(String.raw`\bprotocol${BLANK}(?:(row|item)s?${BLANK})?(${NUMBER}(?:${JOINT}${NUMBER})*)`, 'gi')
const OLD = new RegExp(String.raw`\bcontract${BLANK}\(?${NUMBER}`, 'gi')

/** Reads the numbers of headings and of the two tables. What stands in code blocks does not count. */
export function readProtocolNumbers(page: string): ProtocolNumbers {
  const numbers = { section: new Set<string>(), row: new Set<string>(), item: new Set<string>() }
  let section = ''
  for (const line of page.replace(/^```.*?^```/gms, '').split('\n')) {
    const heading = /^##+ (\d+(?:\.\d+)*)\.? /.exec(line)?.[1]
    if (heading !== undefined) numbers.section.add((section = heading))
    const first = /^\| (\d+) \|/.exec(line)?.[1]
    const table = TABLES[section]
    if (first !== undefined && table !== undefined) numbers[table].add(first)
  }
  return numbers
}

/**
 * Finds what a text cites. `protocol` is followed by numbers of sections, or by `row`, `rows`, `item` or `items` and
 * whole numbers. Several numbers are joined by a comma, `and`, `or`, and ranges by `to` or a hyphen; a range means all
 * between its ends.
 */
export function citationsIn(text: string): Citation[] {
  return [...text.matchAll(NEW)].flatMap(({ index, 0: whole, 1: word, 2: list = '' }) => {
    const kind = (word?.toLowerCase() ?? 'section') as Citation['kind'] // the expression has no other words
    const line = lineOf(text, index + whole.length)
    return numbersIn(list).map((number) => ({ kind, number, line }))
  })
}

/** Names each citation of what is not there, with its line: `12: protocol row 77`. */
export const deadCitations = (text: string, numbers: ProtocolNumbers): string[] =>
  citationsIn(text)
    .filter(({ kind, number }) => !numbers[kind].has(number))
    .map(({ kind, number, line }) => `${line}: protocol ${kind === 'section' ? '' : `${kind} `}${number}`)

/** Names each citation by the former name of the page. */
export const oldCitations = (text: string): string[] =>
  [...text.matchAll(OLD)].map(
    ({ index, 0: whole }) => `${lineOf(text, index + whole.length)}: ${whole.replace(/\s[\s*/-]*/g, ' ')}`,
  )

function numbersIn(list: string): string[] {
  const found: string[] = []
  for (const [, joint = '', number = ''] of list.matchAll(/([^\d]*)(\d+(?:\.\d+)*)/g)) {
    const before = found.at(-1)
    if (before !== undefined && /-|to/i.test(joint)) found.push(...between(before, number))
    found.push(number)
  }
  return found
}

/** Of `4.1` and `4.4`: `4.2` and `4.3`. Nothing when they are not under the same heading. */
function between(low: string, high: string): string[] {
  const [parent, first] = split(low)
  const [otherParent, last] = split(high)
  return parent !== otherParent || last <= first
    ? []
    : Array.from({ length: last - first - 1 }, (_, index) => `${parent}${first + 1 + index}`)
}

function split(number: string): readonly [parent: string, last: number] {
  const at = number.lastIndexOf('.') + 1
  return [number.slice(0, at), Number(number.slice(at))]
}

const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length
