/** Returns the series of the next event, and its number within the series. */
export type NextEvent = () => { readonly series: number; readonly number: number }

/**
 * Shares the series among the connections. Each series belongs to one connection, which sends one event at a time, so
 * that the order of its events is defined. With fewer series than connections it is not.
 */
export function createSeriesShare(series: number, connections: number): NextEvent[] {
  const numbers = new Uint32Array(series)
  return Array.from({ length: connections }, (_, connection) => {
    const first = connection % series
    let next = first
    return () => {
      const chosen = next
      next += connections
      if (next >= series) next = first
      const number = (numbers[chosen] ?? 0) + 1
      numbers[chosen] = number
      return { series: chosen, number }
    }
  })
}
