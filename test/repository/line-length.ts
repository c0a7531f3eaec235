import { pageLines } from './markdown.ts'

/** Columns of a line of code or prose. */
export const MAX_COLUMNS = 120

export interface LongLine {
  readonly line: number
  readonly columns: number
}

/** A row of a table in a comment or a page. */
const TABLE_ROW = /^\s*(?:\*|\/\/|--|#)?\s*\|.*\|\s*$/
/** Nothing but one regular expression, which has no place to break. */
const PATTERN = /^\s*(?:(?:export )?const \w+ =)?\s*\/(?![*/]).*\/[a-z]*,?$/
/** Data of a test: nothing but one text or a list that begins with one, as the rows of `test.each` are. */
const FIXTURE = /^\s*(?:[\w.'"-]+:\s*)?[[({\s]*(?:String\.raw)?(['"`]).*\1?[\])},\s]*$/

/**
 * Names the lines of a page that are too long. Tables and code blocks may be as long as they need to be, and the target
 * of a link does not count.
 */
export const longPageLines = (page: string): LongLine[] =>
  pageLines(page).flatMap(({ number, text, isCode }) =>
    isCode || TABLE_ROW.test(text) ? [] : tooLong(text.replaceAll(/\]\([^)]*\)/g, ']()'), number),
  )

/**
 * Names the lines of a source that are too long. Tables in comments and lines with one regular expression do not count,
 * and, with `hasFixtures`, neither do lines with nothing but data.
 */
export const longSourceLines = (source: string, { hasFixtures = false } = {}): LongLine[] =>
  source
    .split('\n')
    .flatMap((text, index) =>
      TABLE_ROW.test(text) || PATTERN.test(text) || (hasFixtures && FIXTURE.test(text)) ? [] : tooLong(text, index + 1),
    )

function tooLong(text: string, line: number): LongLine[] {
  const columns = Array.from(text).length
  return columns > MAX_COLUMNS ? [{ line, columns }] : []
}
