import type { LatencySummary } from '../load/latency-summary.ts'
import type { Measurement } from '../measure.ts'

const LATENCY: LatencySummary = { count: 1000, p50: 1, p95: 2, p99: 3, p999: 4, max: 5 }

/** Returns a measurement for tests, with what matters given. */
export const measurementOf = (given: Partial<Measurement>): Measurement => ({
  system: 'bullmq',
  scenario: 'saturation',
  receivedPerS: 3000,
  acceptedPerS: 3000,
  rejected: 0,
  firstRejection: undefined,
  cpuMicros: {},
  memoryMiB: {},
  othersShare: 0.02,
  latencies: { healthy: LATENCY, others: LATENCY, stalls: [] },
  lag: LATENCY,
  drainMs: 0,
  durability: 'none',
  postgresVersion: undefined,
  lost: 0,
  repeated: 0,
  early: 0,
  violations: [],
  ...given,
})
