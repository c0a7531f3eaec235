/**
 * Returns a number of the language in decimal digits: `10l`, `0x1F` and `017` as well. A float keeps its form unless a
 * whole number is required and it is one: then `1e3` is `1000`.
 */
export function numberText(source: string, wanted: 'whole' | 'any'): string {
  const digits = /^[1-9]\d*(?=l?$)/i.exec(source)?.[0]
  if (digits !== undefined) return digits
  if (/^0x/i.test(source)) return BigInt(source).toString()
  if (/^0[0-7]*$/.test(source)) return BigInt(`0o${source}`).toString()
  const value = Number(source)
  return wanted === 'whole' && Number.isSafeInteger(value) ? String(value) : source
}
