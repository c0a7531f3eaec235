import { parseBareCondition } from './bare-condition.ts'
import { MAX_COMPARISONS } from './search-limits.ts'
import { allOf, invalid, type ParseResult } from './parse-result.ts'
import type { ComparisonResult } from './typed-comparison.ts'

const UNBALANCED = 'SEARCH_COND_UNBALANCED'

/**
 * Reads `(attr.op.value)~(attr.op.value)`: all must hold (protocol 4.2). A single condition may omit its parentheses;
 * empty parentheses are skipped.
 */
export function parseConditionText(text: string): ParseResult {
  const groups = text.split(/(?<!\\)~/).filter((group) => !isBlank(group))
  if (groups.length > MAX_COMPARISONS)
    return invalid([`SEARCH_LIST_ERROR there are more than ${MAX_COMPARISONS} conditions`])
  const isAlone = groups.length === 1
  return allOf(
    groups.filter((group) => !isEmpty(group)).map((group) => ({ text: group, typed: parseGroup(group, isAlone) })),
  )
}

const isBlank = (text: string): boolean => text.trim() === ''
const isEmpty = (group: string): boolean => isInParentheses(group) && isBlank(group.slice(1, -1))

/** The last character closes even after a backslash, as in the original: no other text ends in a backslash. */
const isInParentheses = (group: string): boolean => group.startsWith('(') && group.endsWith(')')

function parseGroup(group: string, isAlone: boolean): ComparisonResult {
  if (isInParentheses(group)) return parseBareCondition(group.slice(1, -1))
  if (group.startsWith('(') || /(?<!\\)\)$/.test(group))
    return { kind: 'invalid', violations: [`${UNBALANCED} a parenthesis is unmatched`] }
  if (!isAlone) return { kind: 'invalid', violations: [`${UNBALANCED} several conditions need parentheses`] }
  return parseBareCondition(group)
}
