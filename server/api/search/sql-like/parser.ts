import type { Operator } from '../operators.ts'
import { MAX_COMPARISONS, MAX_VALUES } from '../search-limits.ts'
import { createTokenCursor, type TokenCursor } from './token-cursor.ts'
import { SqlLikeSyntaxError } from './lexer.ts'
import { parseSum, type ParseGroup } from './operand-parser.ts'
import type { Node } from './syntax-tree.ts'

/** Nested parentheses. Every level takes some frames of the stack. */
const MAX_DEPTH = 100
/** The keyword or symbol, and its operator. */
type Spelling = readonly [text: string, operator: Operator]
const EQUALITIES: readonly Spelling[] = [
  ['=', 'eq'],
  ['<>', 'neq'],
]
const COMPARISONS: readonly Spelling[] = [
  ['>=', 'gte'],
  ['>', 'gt'],
  ['<=', 'lte'],
  ['<', 'lt'],
]
const MATCHES: readonly Spelling[] = [
  ['like', 'like'],
  ['nlike', 'nlike'],
  ['between', 'between'],
  ['nbetween', 'nbetween'],
  ['in', 'in'],
  ['nin', 'nin'],
]
/** After NOT. */
const NEGATED: readonly Spelling[] = [
  ['like', 'nlike'],
  ['between', 'nbetween'],
  ['in', 'nin'],
]

interface State {
  readonly cursor: TokenCursor
  comparisonCount: number
  valueCount: number
}

/** Reads the language of POST /subscriptions/search (protocol 4.4) by recursive descent. Throws SqlLikeSyntaxError. */
export function parse(text: string): Node {
  const state: State = { cursor: createTokenCursor(text), comparisonCount: 0, valueCount: 0 }
  const node = parseOr(state, 0)
  return state.cursor.acceptKind('end') ? node : state.cursor.throwUnexpected('AND, OR or the end')
}

const parseOr = (state: State, depth: number): Node =>
  parseSeries(state, 'or', () => parseSeries(state, 'and', () => parseEquality(state, depth)))

function parseSeries({ cursor }: State, kind: 'and' | 'or', parsePart: () => Node): Node {
  const first = parsePart()
  const parts = [first]
  while (cursor.accept(kind)) parts.push(parsePart())
  return parts.length === 1 ? first : { kind, at: first.at, parts }
}

/** A run of operators associates to the left, as in the language. */
function parseEquality(state: State, depth: number): Node {
  const { cursor } = state
  let left = parseComparison(state, depth)
  for (;;) {
    const operator = acceptOneOf(cursor, EQUALITIES)
    if (operator) {
      countComparison(state)
      left = { kind: 'comparison', at: left.at, operator, left, right: parseComparison(state, depth) }
    } else if (cursor.accept('is')) {
      cursor.accept('not')
      cursor.expect('null')
      left = { kind: 'unsupported', at: left.at, sentence: 'IS NULL and IS NOT NULL are not supported' }
    } else return left
  }
}

function parseComparison(state: State, depth: number): Node {
  const { cursor } = state
  const parseGroup: ParseGroup = (at) => {
    if (depth === MAX_DEPTH) throw new SqlLikeSyntaxError(at, `parentheses are nested more than ${MAX_DEPTH} deep`)
    return parseOr(state, depth + 1)
  }
  let left = parseSum(cursor, parseGroup)
  for (;;) {
    const operator = acceptOneOf(cursor, COMPARISONS)
    const matching = operator ? undefined : acceptMatch(cursor)
    if (operator === undefined && matching === undefined) return left
    countComparison(state)
    if (operator) left = { kind: 'comparison', at: left.at, operator, left, right: parseSum(cursor, parseGroup) }
    if (matching) left = { kind: 'match', at: left.at, operator: matching, left, texts: parseTexts(state, matching) }
  }
}

function acceptMatch(cursor: TokenCursor): Operator | undefined {
  if (!cursor.accept('not')) return acceptOneOf(cursor, MATCHES)
  return acceptOneOf(cursor, NEGATED) ?? cursor.throwUnexpected('LIKE, BETWEEN or IN')
}

const acceptOneOf = (cursor: TokenCursor, spellings: readonly Spelling[]): Operator | undefined =>
  spellings.find(([text]) => cursor.accept(text))?.[1]

/** Strings in quotes only, even for numbers. */
function parseTexts(state: State, operator: Operator): string[] {
  const { cursor } = state
  if (operator === 'like' || operator === 'nlike') return [cursor.expectString()]
  if (operator === 'between' || operator === 'nbetween') {
    const low = cursor.expectString()
    cursor.expect('and')
    return [low, cursor.expectString()]
  }
  cursor.expect('(')
  const texts: string[] = []
  do {
    if (++state.valueCount > MAX_VALUES)
      throw new SqlLikeSyntaxError(cursor.at(), `there are more than ${MAX_VALUES} values`)
    texts.push(cursor.expectString())
  } while (cursor.accept(','))
  cursor.expect(')')
  return texts
}

function countComparison(state: State): void {
  if (++state.comparisonCount > MAX_COMPARISONS)
    throw new SqlLikeSyntaxError(state.cursor.at(), `there are more than ${MAX_COMPARISONS} conditions`)
}
