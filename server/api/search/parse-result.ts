import { MAX_VIOLATIONS } from '@tidings/contract/validate.ts'
import { sanitize } from '../../runtime/display-text.ts'
import type { Condition } from './condition.ts'
import { MAX_VALUES } from './search-limits.ts'
import type { ComparisonResult } from './typed-comparison.ts'

/** The condition of a search, or everything that is wrong with it, a line each. An empty search has no condition. */
export type ParseResult =
  | { readonly kind: 'condition'; readonly condition: Condition | undefined }
  | { readonly kind: 'invalid'; readonly violations: readonly string[] }

export const invalid = (violations: readonly string[]): ParseResult => ({
  kind: 'invalid',
  violations: violations.slice(0, MAX_VIOLATIONS),
})

/** A part of a search, as it was given, and its result. */
export interface ParsedPart {
  readonly text: string
  readonly typed: ComparisonResult
}

/** Combines parts that must all hold; or the violations of all parts, each with the part it is in. */
export function allOf(parts: readonly ParsedPart[]): ParseResult {
  const violations = parts.flatMap(({ text, typed }) =>
    typed.kind === 'invalid' ? typed.violations.map((violation) => `${violation}: ${sanitize(text)}`) : [],
  )
  if (violations.length > 0) return invalid(violations)
  const comparisons = parts.flatMap(({ typed }) => (typed.kind === 'comparison' ? [typed.comparison] : []))
  if (comparisons.reduce((sum, { values }) => sum + values.length, 0) > MAX_VALUES)
    return invalid([`SEARCH_LIST_ERROR there are more than ${MAX_VALUES} values`])
  return { kind: 'condition', condition: comparisons.length > 1 ? { kind: 'all', of: comparisons } : comparisons[0] }
}
