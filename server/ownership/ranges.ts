/** Returns partitions on one line: `0-3, 5, 7-8`. */
export function rangesOf(ids: readonly number[]): string {
  const sorted = [...new Set(ids)].sort((a, b) => a - b)
  const ranges: { readonly first: number; last: number }[] = []
  for (const id of sorted) {
    const range = ranges.at(-1)
    if (range && id === range.last + 1) range.last = id
    else ranges.push({ first: id, last: id })
  }
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(', ')
}
