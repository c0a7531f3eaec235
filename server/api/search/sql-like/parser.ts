import type { Operator } from '../condition.ts'
import { MAX_TESTS, MAX_VALUES } from '../limits.ts'
import { createCursor, type Cursor } from './cursor.ts'
import { SyntaxFault } from './lexer.ts'
import { parseSum, type ParseGroup } from './operand-parser.ts'
import type { Node } from './syntax-tree.ts'

/** Parentheses within parentheses. Every level takes some frames of the stack. */
const MAX_DEPTH = 100
/** What is written, and which operator it is. */
type Spelling = readonly [text: string, operator: Operator]
const EQUALITIES: readonly Spelling[] = [['=', 'eq'], ['<>', 'neq']]
const COMPARISONS: readonly Spelling[] = [['>=', 'gte'], ['>', 'gt'], ['<=', 'lte'], ['<', 'lt']]
const MATCHES: readonly Spelling[] = [['like', 'like'], ['nlike', 'nlike'], ['between', 'between'], ['nbetween', 'nbetween'], ['in', 'in'], ['nin', 'nin']]
/** After NOT. */
const NEGATED: readonly Spelling[] = [['like', 'nlike'], ['between', 'nbetween'], ['in', 'nin']]

interface State {
  readonly cursor: Cursor
  testCount: number
  valueCount: number
}

/** Reads the language of POST /subscriptions/search (contract 4.4) by recursive descent. Throws SyntaxFault. */
export function parse(text: string): Node {
  const state: State = { cursor: createCursor(text), testCount: 0, valueCount: 0 }
  const node = parseOr(state, 0)
  return state.cursor.acceptKind('end') ? node : state.cursor.refuse('AND, OR or the end')
}

const parseOr = (state: State, depth: number): Node => parseSeries(state, 'or', () => parseSeries(state, 'and', () => parseEquality(state, depth)))

function parseSeries({ cursor }: State, kind: 'and' | 'or', parsePart: () => Node): Node {
  const first = parsePart()
  const parts = [first]
  while (cursor.accept(kind)) parts.push(parsePart())
  return parts.length === 1 ? first : { kind, at: first.at, parts }
}

/** Operators in a row are read as the language has it, from the left. */
function parseEquality(state: State, depth: number): Node {
  const { cursor } = state
  let left = parseComparison(state, depth)
  for (;;) {
    const operator = acceptOneOf(cursor, EQUALITIES)
    if (operator) {
      countTest(state)
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
    if (depth === MAX_DEPTH) throw new SyntaxFault(at, `parentheses are nested more than ${MAX_DEPTH} deep`)
    return parseOr(state, depth + 1)
  }
  let left = parseSum(cursor, parseGroup)
  for (;;) {
    const operator = acceptOneOf(cursor, COMPARISONS)
    const matching = operator ? undefined : acceptMatch(cursor)
    if (operator === undefined && matching === undefined) return left
    countTest(state)
    if (operator) left = { kind: 'comparison', at: left.at, operator, left, right: parseSum(cursor, parseGroup) }
    if (matching) left = { kind: 'match', at: left.at, operator: matching, left, texts: parseTexts(state, matching) }
  }
}

function acceptMatch(cursor: Cursor): Operator | undefined {
  if (!cursor.accept('not')) return acceptOneOf(cursor, MATCHES)
  return acceptOneOf(cursor, NEGATED) ?? cursor.refuse('LIKE, BETWEEN or IN')
}

const acceptOneOf = (cursor: Cursor, spellings: readonly Spelling[]): Operator | undefined => spellings.find(([text]) => cursor.accept(text))?.[1]

/** Strings in quotes only, for numbers too. */
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
    if (++state.valueCount > MAX_VALUES) throw new SyntaxFault(cursor.at(), `there are more than ${MAX_VALUES} values`)
    texts.push(cursor.expectString())
  } while (cursor.accept(','))
  cursor.expect(')')
  return texts
}

function countTest(state: State): void {
  if (++state.testCount > MAX_TESTS) throw new SyntaxFault(state.cursor.at(), `there are more than ${MAX_TESTS} conditions`)
}
