import { createHistogram } from '../stats/histogram.ts'
import { stallsOf, type SlowEvent } from '../stats/stalls.ts'
import { latencySummaryOf } from './latency-summary.ts'
import type { ReceiverLatencies } from './receiver-questions.ts'

/** An event that takes longer is part of a stall. */
const STALL_MICROS = 15_000
/** More would say nothing new. */
const MAX_SLOW_EVENTS = 100_000

/** Collects the latencies of events that should have been sent within a window of time, whenever they arrive. */
export interface LatencyWindow {
  record(event: SlowEvent, isHealthy: boolean): void
  begin(nowMicros: number): number
  end(nowMicros: number): number
  summary(): ReceiverLatencies
}

export function createLatencyWindow(): LatencyWindow {
  const [healthy, others] = [createHistogram(), createHistogram()]
  const slow: SlowEvent[] = []
  let [fromMicros, toMicros] = [Infinity, Infinity]
  return {
    record(event, isHealthy) {
      const { intendedMicros, arrivedMicros } = event
      if (intendedMicros < fromMicros || intendedMicros >= toMicros) return
      const micros = arrivedMicros - intendedMicros
      ;(isHealthy ? healthy : others).record(micros)
      if (isHealthy && micros > STALL_MICROS && slow.length < MAX_SLOW_EVENTS) slow.push(event)
    },
    begin: (nowMicros) => (fromMicros = nowMicros),
    end: (nowMicros) => (toMicros = nowMicros),
    summary: () => ({
      healthy: latencySummaryOf(healthy),
      others: latencySummaryOf(others),
      stalls: stallsOf(slow, fromMicros),
    }),
  }
}
