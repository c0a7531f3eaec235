import { MAX_FAULTS } from '@tidings/contract/validate.ts'
import { shown } from '../shown-text.ts'
import type { Condition } from './condition.ts'
import { MAX_VALUES } from './limits.ts'
import type { Typed } from './typed-test.ts'

/** What a search means, or everything that is wrong with it, a line each. Nothing to search for is no condition. */
export type Reading =
  | { readonly kind: 'condition'; readonly condition: Condition | undefined }
  | { readonly kind: 'faults'; readonly faults: readonly string[] }

export const faulty = (faults: readonly string[]): Reading => ({ kind: 'faults', faults: faults.slice(0, MAX_FAULTS) })

/** A part of a search, as it was given, and what it means. */
export interface ReadPart {
  readonly text: string
  readonly typed: Typed
}

/** All of the parts must hold; or the faults of them all, each with the part it is in. */
export function allOf(parts: readonly ReadPart[]): Reading {
  const faults = parts.flatMap(({ text, typed }) => (typed.kind === 'faults' ? typed.faults.map((fault) => `${fault}: ${shown(text)}`) : []))
  if (faults.length > 0) return faulty(faults)
  const tests = parts.flatMap(({ typed }) => (typed.kind === 'test' ? [typed.test] : []))
  if (tests.reduce((sum, { values }) => sum + values.length, 0) > MAX_VALUES) return faulty([`SEARCH_LIST_ERROR there are more than ${MAX_VALUES} values`])
  return { kind: 'condition', condition: tests.length > 1 ? { kind: 'all', of: tests } : tests[0] }
}
