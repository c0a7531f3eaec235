import type { TokenCursor } from './token-cursor.ts'
import type { Node } from './syntax-tree.ts'

/** Reads what follows an opening parenthesis, up to the closing one. `at`: where the parenthesis opens. */
export type ParseGroup = (at: number) => Node

/**
 * Parses an operand of a comparison. Arithmetic is parsed, as the language has it, but not kept: the search has none.
 */
export const parseSum = (cursor: TokenCursor, parseGroup: ParseGroup): Node =>
  parseChain(cursor, ['+', '-'], () => parseProduct(cursor, parseGroup))

const parseProduct = (cursor: TokenCursor, parseGroup: ParseGroup): Node =>
  parseChain(cursor, ['*', '/', '%'], () => parseUnary(cursor, parseGroup))

function parseChain(cursor: TokenCursor, operators: readonly string[], parsePart: () => Node): Node {
  let left = parsePart()
  while (operators.some((operator) => cursor.accept(operator))) {
    parsePart()
    left = { kind: 'unsupported', at: left.at, sentence: 'arithmetic is not supported' }
  }
  return left
}

/** Parses a run of signs and NOTs, in a loop: a text can have a million of them. A plus has no effect. */
function parseUnary(cursor: TokenCursor, parseGroup: ParseGroup): Node {
  const at = cursor.at()
  let sentence: string | undefined
  for (;;) {
    if (cursor.accept('-')) sentence ??= 'a minus sign outside quotes is not supported'
    else if (cursor.accept('not')) sentence ??= 'NOT is supported only before LIKE, BETWEEN and IN'
    else if (!cursor.accept('+')) break
  }
  const operand = parsePrimary(cursor, parseGroup)
  return sentence === undefined ? operand : { kind: 'unsupported', at, sentence }
}

function parsePrimary(cursor: TokenCursor, parseGroup: ParseGroup): Node {
  const at = cursor.at()
  const string = cursor.acceptKind('string')
  if (string) return { kind: 'literal', at, type: 'string', text: string.text }
  const number = cursor.acceptKind('number')
  if (number) return { kind: 'literal', at, type: 'number', text: number.text }
  const name = cursor.acceptKind('name')
  if (name) return { kind: 'name', at, text: name.text }
  if (cursor.accept('true')) return { kind: 'literal', at, type: 'boolean', text: 'true' }
  if (cursor.accept('false')) return { kind: 'literal', at, type: 'boolean', text: 'false' }
  if (cursor.accept('null')) return { kind: 'null', at }
  if (!cursor.accept('(')) return cursor.throwUnexpected('an attribute, a value or an opening parenthesis')
  const group = parseGroup(at)
  cursor.expect(')')
  return group
}
