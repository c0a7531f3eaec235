import { sanitize } from '../../../runtime/display-text.ts'

/** A token of a search text. `at` and `end` are offsets in UTF-16 units. */
export interface Token {
  readonly kind: 'keyword' | 'name' | 'string' | 'number' | 'symbol' | 'end'
  /** Keywords in lower case, strings without their quotes, everything else as written. */
  readonly text: string
  readonly at: number
  readonly end: number
}

/** Says why a text is not of the language, and where. */
export class SqlLikeSyntaxError extends Error {
  readonly at: number

  constructor(at: number, message: string) {
    super(message)
    this.name = 'SqlLikeSyntaxError'
    this.at = at
  }
}

const KEYWORDS: ReadonlySet<string> = new Set([
  'not',
  'and',
  'or',
  'between',
  'nbetween',
  'like',
  'nlike',
  'escape',
  'in',
  'nin',
  'is',
  'true',
  'false',
  'null',
])
const BLANKS = ' \t\n\r\f'
const LINE_END = /[\n\r]/g
const SYMBOL = /<>|<=|>=|[=<>+\-*/%(),]/y
const NAME = /[a-z_$][a-z0-9_$]*/iy
/** A decimal point or an exponent makes a float; a leading zero an octal number; `l` marks a long. */
const NUMBER = /\d+\.\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|\d+e[+-]?\d+|0x[0-9a-f]+|0[0-7]*|[1-9]\d*l?/iy
/** No real search has longer ones, and their conversion to decimal would take long. */
const MAX_NUMBER_LENGTH = 40

/**
 * Returns the token at or after an offset; blanks and comments are skipped. Throws SqlLikeSyntaxError. Takes time in
 * proportion to what it skips.
 */
export function readToken(text: string, from: number): Token {
  const at = skipBlanks(text, from)
  if (at >= text.length) return { kind: 'end', text: '', at, end: at }
  if (text[at] === "'") return readString(text, at)
  const number = match(NUMBER, text, at)
  if (number !== undefined) return numberToken(number, at)
  const word = match(NAME, text, at)
  if (word !== undefined) return wordToken(word, at)
  const symbol = match(SYMBOL, text, at)
  if (symbol !== undefined) return { kind: 'symbol', text: symbol, at, end: at + symbol.length }
  throw new SqlLikeSyntaxError(
    at,
    `the character ${sanitize(String.fromCodePoint(text.codePointAt(at) ?? 0))} does not belong here`,
  )
}

/**
 * A line comment needs its line end, as in the original: strings of a request are joined by blanks, so a comment
 * without one would swallow the conditions of the next string.
 */
function skipBlanks(text: string, from: number): number {
  let at = from
  for (;;) {
    if (text.startsWith('--', at)) {
      LINE_END.lastIndex = at
      at = LINE_END.exec(text)?.index ?? unclosed(at, 'the comment must end with a line break')
    } else if (text.startsWith('/*', at)) {
      const close = text.indexOf('*/', at + 2)
      at = close < 0 ? unclosed(at, 'the comment is not closed') : close + 2
    } else if (at < text.length && BLANKS.includes(text.charAt(at))) at++
    else return at
  }
}

/** A doubled quote is one quote. */
function readString(text: string, at: number): Token {
  let end = text.indexOf("'", at + 1)
  while (end >= 0 && text[end + 1] === "'") end = text.indexOf("'", end + 2)
  if (end < 0) unclosed(at, 'the string is not closed')
  return { kind: 'string', text: text.slice(at + 1, end).replaceAll("''", "'"), at, end: end + 1 }
}

function unclosed(at: number, message: string): never {
  throw new SqlLikeSyntaxError(at, message)
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

function numberToken(text: string, at: number): Token {
  if (text.length > MAX_NUMBER_LENGTH)
    throw new SqlLikeSyntaxError(at, `a number has at most ${MAX_NUMBER_LENGTH} characters`)
  return { kind: 'number', text, at, end: at + text.length }
}

function wordToken(word: string, at: number): Token {
  const lower = word.toLowerCase()
  const isKeyword = KEYWORDS.has(lower)
  return { kind: isKeyword ? 'keyword' : 'name', text: isKeyword ? lower : word, at, end: at + word.length }
}
