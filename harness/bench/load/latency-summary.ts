import type { Histogram } from '../stats/histogram.ts'

/** In milliseconds. */
export interface LatencySummary {
  readonly count: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** `histogram`: of microseconds. */
export function latencySummaryOf(histogram: Histogram): LatencySummary {
  const ms = (share: number) => histogram.percentile(share) / 1000
  return {
    count: histogram.count,
    p50: ms(0.5),
    p95: ms(0.95),
    p99: ms(0.99),
    p999: ms(0.999),
    max: histogram.max / 1000,
  }
}
