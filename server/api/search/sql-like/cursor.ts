import { shown } from '../../shown-text.ts'
import { MAX_TOKENS } from '../limits.ts'
import { readToken, SyntaxFault, type Token } from './lexer.ts'

/** The tokens of a text, one after the other. Every operation throws SyntaxFault where the text is not of the language. */
export interface Cursor {
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
  /** Throws: the next token is none of what could stand there. */
  refuse(expected: string): never
}

export function createCursor(text: string): Cursor {
  let next = readToken(text, 0)
  let takenCount = 0

  function take(): Token {
    const taken = next
    if (++takenCount > MAX_TOKENS) throw new SyntaxFault(taken.at, `there are more than ${MAX_TOKENS} words and signs`)
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
  function refuse(expected: string): never {
    const found = next.kind === 'end' ? 'the end' : next.kind === 'string' ? `'${next.text}'` : next.text
    throw new SyntaxFault(next.at, `expected ${expected}, found ${shown(found)}`)
  }
  return {
    at: () => next.at,
    accept,
    acceptKind,
    refuse,
    expect(wanted) {
      if (!accept(wanted)) refuse(wanted.toUpperCase())
    },
    expectString: () => acceptKind('string')?.text ?? refuse('a string in quotes'),
  }
}
