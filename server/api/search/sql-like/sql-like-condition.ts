import type { Attribute } from '../attributes.ts'
import type { Condition } from '../condition.ts'
import type { Operator } from '../operators.ts'
import { patternOfSql } from '../like-pattern.ts'
import { invalid, type ParseResult } from '../parse-result.ts'
import { findAttribute, typedComparison } from '../typed-comparison.ts'
import { SqlLikeSyntaxError } from './lexer.ts'
import { numberText } from './number-text.ts'
import { parse } from './parser.ts'
import type { Node } from './syntax-tree.ts'

/**
 * Reads the texts in the body of POST /subscriptions/search, joined by blanks (protocol 4.4). Blank texts are no
 * condition. Places in violations are offsets in the joined text, from 0.
 */
export function parseSqlLike(texts: readonly string[]): ParseResult {
  const text = texts.join(' ')
  if (text.trim() === '') return { kind: 'condition', condition: undefined }
  const tree = tryParse(text)
  const result = tree.kind === 'ok' ? conditionOf(tree.value) : tree
  return result.kind === 'invalid' ? invalid(result.violations) : { kind: 'condition', condition: result.value }
}

type Result<T> =
  { readonly kind: 'ok'; readonly value: T } | { readonly kind: 'invalid'; readonly violations: readonly string[] }

const ok = <T>(value: T): Result<T> => ({ kind: 'ok', value })
const invalidAt = (offset: number, ...sentences: readonly string[]): Result<never> => ({
  kind: 'invalid',
  violations: sentences.map((sentence) => `at ${offset}: ${sentence}`),
})
const violationsOf = (parts: readonly Result<unknown>[]): string[] =>
  parts.flatMap((part) => (part.kind === 'invalid' ? part.violations : []))

function tryParse(text: string): Result<Node> {
  try {
    return ok(parse(text))
  } catch (error) {
    if (error instanceof SqlLikeSyntaxError) return invalidAt(error.at, error.message)
    throw error
  }
}

function conditionOf(node: Node): Result<Condition> {
  switch (node.kind) {
    case 'and':
    case 'or': {
      const parts = node.parts.map(conditionOf)
      const violations = violationsOf(parts)
      if (violations.length > 0) return { kind: 'invalid', violations }
      return ok({
        kind: node.kind === 'and' ? 'all' : 'any',
        of: parts.flatMap((part) => (part.kind === 'ok' ? [part.value] : [])),
      })
    }
    case 'comparison': {
      const attribute = attributeOn(node.left)
      const text = textOn(node.right, attribute.kind === 'ok' ? attribute.value : undefined)
      if (attribute.kind === 'invalid' || text.kind === 'invalid')
        return { kind: 'invalid', violations: violationsOf([attribute, text]) }
      return comparisonOf(node, attribute.value, [text.value])
    }
    case 'match': {
      const attribute = attributeOn(node.left)
      const isPattern = node.operator === 'like' || node.operator === 'nlike'
      return attribute.kind === 'invalid'
        ? attribute
        : comparisonOf(node, attribute.value, isPattern ? node.texts.map(patternOfSql) : node.texts)
    }
    case 'unsupported':
      return invalidAt(node.at, node.sentence)
    case 'name':
    case 'literal':
    case 'null':
      return invalidAt(node.at, 'an attribute or a value alone is not supported as a condition')
    default:
      return node satisfies never
  }
}

/** The left side must be an attribute. */
function attributeOn(left: Node): Result<Attribute> {
  if (left.kind === 'unsupported') return invalidAt(left.at, left.sentence)
  if (left.kind === 'literal' || left.kind === 'null')
    return invalidAt(left.at, 'a value on the left of an operator is not supported; use an attribute')
  if (left.kind !== 'name')
    return invalidAt(left.at, 'a condition on the left of an operator is not supported; use an attribute')
  const found = findAttribute(left.text)
  return found.kind === 'attribute' ? ok(found.attribute) : invalidAt(left.at, ...found.violations)
}

/** Returns the text of the value on the right. A name there is a text, whether an attribute has this name or not. */
function textOn(right: Node, attribute: Attribute | undefined): Result<string> {
  if (right.kind === 'unsupported') return invalidAt(right.at, right.sentence)
  if (right.kind === 'null') return invalidAt(right.at, 'a comparison with NULL is not supported')
  if (right.kind === 'name') return ok(right.text)
  if (right.kind !== 'literal')
    return invalidAt(right.at, 'a condition on the right of an operator is not supported; use a value')
  return ok(
    right.type === 'number' ? numberText(right.text, attribute?.type === 'integer' ? 'whole' : 'any') : right.text,
  )
}

function comparisonOf(
  { at, operator }: { readonly at: number; readonly operator: Operator },
  attribute: Attribute,
  texts: readonly string[],
): Result<Condition> {
  const typed = typedComparison(attribute, operator, texts)
  return typed.kind === 'comparison' ? ok(typed.comparison) : invalidAt(at, ...typed.violations)
}
