import type { Figures } from './figure-text.ts'
import { markdownTable } from './markdown-table.ts'

/** Longest stalls that are named for each round. */
const MAX_NAMED = 5

/** Returns a table of the times in which events took more than 15 ms; nothing if there were none. */
export function stallLines(figures: readonly Figures[], titles: (system: string) => string): string[] {
  const rows = figures.flatMap(({ system, stalls }) =>
    stalls
      .filter(({ stalls: ofRound }) => ofRound.length > 0)
      .map(({ round, stalls: ofRound }) => {
        const longest = ofRound.toSorted((a, b) => b.lengthMs - a.lengthMs).slice(0, MAX_NAMED)
        const named = longest.map(
          ({ atMs, lengthMs, events }) =>
            `${lengthMs.toFixed(0)} ms at ${(atMs / 1000).toFixed(2)} s (${events} event${events === 1 ? '' : 's'})`,
        )
        return [titles(system), String(round), String(ofRound.length), named.join(', ')]
      }),
  )
  return rows.length === 0
    ? []
    : ['', ...markdownTable(['Stalls of more than 15 ms', 'round', 'number', 'the longest'], rows)]
}
