import type { Attribute } from '../attributes.ts'
import type { Condition, Operator } from '../condition.ts'
import { patternOfSql } from '../like-pattern.ts'
import { faulty, type Reading } from '../reading.ts'
import { findAttribute, typedTest } from '../typed-test.ts'
import { SyntaxFault } from './lexer.ts'
import { numberText } from './number-text.ts'
import { parse } from './parser.ts'
import type { Node } from './syntax-tree.ts'

/**
 * Reads the body's texts of POST /subscriptions/search, joined by blanks (contract 4.4). Blank texts are no condition.
 * Places in faults are offsets in the joined text, from 0.
 */
export function readSqlLike(texts: readonly string[]): Reading {
  const text = texts.join(' ')
  if (text.trim() === '') return { kind: 'condition', condition: undefined }
  const tree = parseOrFault(text)
  const meant = tree.kind === 'meant' ? conditionOf(tree.value) : tree
  return meant.kind === 'faults' ? faulty(meant.faults) : { kind: 'condition', condition: meant.value }
}

type Meant<T> = { readonly kind: 'meant'; readonly value: T } | { readonly kind: 'faults'; readonly faults: readonly string[] }

const meant = <T>(value: T): Meant<T> => ({ kind: 'meant', value })
const refused = (offset: number, ...sentences: readonly string[]): Meant<never> => ({ kind: 'faults', faults: sentences.map((sentence) => `at ${offset}: ${sentence}`) })
const faultsOf = (parts: readonly Meant<unknown>[]): string[] => parts.flatMap((part) => (part.kind === 'faults' ? part.faults : []))

function parseOrFault(text: string): Meant<Node> {
  try {
    return meant(parse(text))
  } catch (error) {
    if (error instanceof SyntaxFault) return refused(error.at, error.message)
    throw error
  }
}

function conditionOf(node: Node): Meant<Condition> {
  switch (node.kind) {
    case 'and':
    case 'or': {
      const parts = node.parts.map(conditionOf)
      const faults = faultsOf(parts)
      if (faults.length > 0) return { kind: 'faults', faults }
      return meant({ kind: node.kind === 'and' ? 'all' : 'any', of: parts.flatMap((part) => (part.kind === 'meant' ? [part.value] : [])) })
    }
    case 'comparison': {
      const attribute = attributeOn(node.left)
      const text = textOn(node.right, attribute.kind === 'meant' ? attribute.value : undefined)
      if (attribute.kind === 'faults' || text.kind === 'faults') return { kind: 'faults', faults: faultsOf([attribute, text]) }
      return testOf(node, attribute.value, [text.value])
    }
    case 'match': {
      const attribute = attributeOn(node.left)
      const isPattern = node.operator === 'like' || node.operator === 'nlike'
      return attribute.kind === 'faults' ? attribute : testOf(node, attribute.value, isPattern ? node.texts.map(patternOfSql) : node.texts)
    }
    case 'unsupported':
      return refused(node.at, node.sentence)
    case 'name':
    case 'literal':
    case 'null':
      return refused(node.at, 'an attribute or a value alone is not supported as a condition')
    default:
      return node satisfies never
  }
}

/** What is compared must be an attribute. */
function attributeOn(left: Node): Meant<Attribute> {
  if (left.kind === 'unsupported') return refused(left.at, left.sentence)
  if (left.kind === 'literal' || left.kind === 'null') return refused(left.at, 'a value left of an operator is not supported: an attribute must stand there')
  if (left.kind !== 'name') return refused(left.at, 'a condition left of an operator is not supported: an attribute must stand there')
  const found = findAttribute(left.text)
  return found.kind === 'attribute' ? meant(found.attribute) : refused(left.at, ...found.faults)
}

/** The text of the value on the right. A name there stands for itself, whether there is an attribute of this name or not. */
function textOn(right: Node, attribute: Attribute | undefined): Meant<string> {
  if (right.kind === 'unsupported') return refused(right.at, right.sentence)
  if (right.kind === 'null') return refused(right.at, 'a comparison with NULL is not supported')
  if (right.kind === 'name') return meant(right.text)
  if (right.kind !== 'literal') return refused(right.at, 'a condition right of an operator is not supported: a value must stand there')
  return meant(right.type === 'number' ? numberText(right.text, attribute?.type === 'integer' ? 'whole' : 'any') : right.text)
}

function testOf({ at, operator }: { readonly at: number; readonly operator: Operator }, attribute: Attribute, texts: readonly string[]): Meant<Condition> {
  const typed = typedTest(attribute, operator, texts)
  return typed.kind === 'test' ? meant(typed.test) : refused(at, ...typed.faults)
}
