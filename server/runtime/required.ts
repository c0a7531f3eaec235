/**
 * Returns the value, or throws when it is missing although it never can be. For invariants that the types cannot
 * express: a silent default there would turn a bug into wrong data. `why` completes the sentence "missing: ...".
 */
export function required<Value>(value: Value | null | undefined, why: string): Value {
  if (value === undefined || value === null) throw new Error(`missing: ${why}`)
  return value
}
