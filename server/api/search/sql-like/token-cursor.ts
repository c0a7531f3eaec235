import { sanitize } from '../../../runtime/display-text.ts'
import { MAX_TOKENS } from '../search-limits.ts'
import { readToken, SqlLikeSyntaxError, type Token } from './lexer.ts'

/**
 * The tokens of a text, one after the other. Every operation throws SqlLikeSyntaxError where the text is not of the
 * language.
 */
export interface TokenCursor {
  /** Where the next token begins. */
  at(): number
  /** Takes the next token if it is this keyword or symbol. */
  accept(text: string): boolean
  /** Takes the next token if it is of this kind. */
  acceptKind(kind: Token['kind']): Token | undefined
  /** Takes the next token, which must be this keyword or symbol. */
  expect(text: string): void
  /** Takes the next token, which must be a string in quotes. */
  expectString(): string
  /** Throws: the next token is none of those that are possible here. */
  throwUnexpected(expected: string): never
}

export function createTokenCursor(text: string): TokenCursor {
  let next = readToken(text, 0)
  let takenCount = 0

  function take(): Token {
    const taken = next
    if (++takenCount > MAX_TOKENS) throw new SqlLikeSyntaxError(taken.at, `there are more than ${MAX_TOKENS} tokens`)
    next = readToken(text, taken.end)
    return taken
  }
  function accept(wanted: string): boolean {
    const isIt = (next.kind === 'keyword' || next.kind === 'symbol') && next.text === wanted
    if (isIt) take()
    return isIt
  }
  function acceptKind(kind: Token['kind']): Token | undefined {
    return next.kind === kind ? take() : undefined
  }
  function throwUnexpected(expected: string): never {
    const found = next.kind === 'end' ? 'the end' : next.kind === 'string' ? `'${next.text}'` : next.text
    throw new SqlLikeSyntaxError(next.at, `expected ${expected}, found ${sanitize(found)}`)
  }
  return {
    at: () => next.at,
    accept,
    acceptKind,
    throwUnexpected,
    expect(wanted) {
      if (!accept(wanted)) throwUnexpected(wanted.toUpperCase())
    },
    expectString: () => acceptKind('string')?.text ?? throwUnexpected('a string in quotes'),
  }
}
