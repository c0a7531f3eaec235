/** Returns a whole number of 32 bits, with or without a sign; undefined for any other text. */
export function parseInt32(text: string): number | undefined {
  const number = /^[+-]?\d+$/.test(text) ? Number(text) : NaN
  return number >= -2_147_483_648 && number <= 2_147_483_647 ? number : undefined
}
