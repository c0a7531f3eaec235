import { readBareCondition } from './bare-condition.ts'
import { MAX_TESTS } from './limits.ts'
import { allOf, faulty, type Reading } from './reading.ts'
import type { Typed } from './typed-test.ts'

const UNBALANCED = 'SEARCH_COND_UNBALANCED'

/**
 * Reads `(attr.op.value)~(attr.op.value)`: all must hold (contract 4.2). A condition that is alone may come without
 * parentheses; empty ones are passed over.
 */
export function readConditionText(text: string): Reading {
  const groups = text.split(/(?<!\\)~/).filter((group) => !isBlank(group))
  if (groups.length > MAX_TESTS) return faulty([`SEARCH_LIST_ERROR there are more than ${MAX_TESTS} conditions`])
  const isAlone = groups.length === 1
  return allOf(groups.filter((group) => !isEmpty(group)).map((group) => ({ text: group, typed: readGroup(group, isAlone) })))
}

const isBlank = (text: string): boolean => text.trim() === ''
const isEmpty = (group: string): boolean => isInParentheses(group) && isBlank(group.slice(1, -1))

/** The last character closes even after a backslash, as in the original: no other text ends in a backslash. */
const isInParentheses = (group: string): boolean => group.startsWith('(') && group.endsWith(')')

function readGroup(group: string, isAlone: boolean): Typed {
  if (isInParentheses(group)) return readBareCondition(group.slice(1, -1))
  if (group.startsWith('(') || /(?<!\\)\)$/.test(group)) return { kind: 'faults', faults: [`${UNBALANCED} a parenthesis has no partner`] }
  if (!isAlone) return { kind: 'faults', faults: [`${UNBALANCED} several conditions need parentheses`] }
  return readBareCondition(group)
}
