import { expect, test } from 'vitest'
import type { Measurement } from '../measure.ts'
import { SCENARIOS } from '../scenarios.ts'
import { allSystems } from '../systems/all-systems.ts'
import { figuresOf } from './figure-text.ts'
import { measurementOf } from './measurement-of.ts'
import { reportLines } from './table.ts'

/** Returns the report without the blanks that align its columns. */
const reportOf = (measurements: readonly Measurement[]) =>
  reportLines({
    machine: { CPU: '2 x Test' },
    scenarios: SCENARIOS,
    systems: allSystems({ root: '/elsewhere', revision: 'v1' }),
    figures: figuresOf(measurements),
    failures: ['rate-200, pg-boss: it did not start'],
    rounds: 1,
    seconds: 30,
  }).map((line) => line.replaceAll(/ +/g, ' '))

test('at full speed the table has events/s, the ratios to both programs of BullMQ, and what an event costs', () => {
  const lines = reportOf([
    measurementOf({ system: 'tidings-database', receivedPerS: 4500, cpuMicros: { node: 113, postgresql: 60 } }),
    measurementOf({ system: 'bullmq', receivedPerS: 3000, memoryMiB: { node: 100, redis: 20, receiver: 80 } }),
    measurementOf({ system: 'bullmq-tuned', receivedPerS: 3750 }),
  ])
  expect(lines).toContain('| Tidings, database | 4,500 | 1.50 | 1.20 | 3,000 | 0 |')
  expect(lines).toContain('| BullMQ, no persistence | 3,000 | 1.00 | 0.80 | 3,000 | 0 |')
  expect(lines).toContain('| BullMQ tuned, no persistence | 3,750 | 1.25 | 1.00 | 3,000 | 0 |')
  expect(lines).toContain('| Tidings, database | 113 | 60 | 173 | 2 % | |')
  expect(lines).toContain('| BullMQ, no persistence | - | - | 0 | 2 % | node 100, Redis 20 |')
})

test('at a rate the table has latencies, and stalls with their time and length', () => {
  const latency = { count: 1, p50: 1, p95: 2, p99: 3, p999: 4, max: 40 }
  const stalls = [{ atMs: 1500, lengthMs: 40, events: 8 }]
  const lines = reportOf([
    measurementOf({ scenario: 'rate-200', latencies: { healthy: latency, others: latency, stalls } }),
  ])
  expect(lines).toContain('| BullMQ, no persistence | 1.0 | 2.0 | 3.0 | 4.0 | 40.0 | 3.0 |')
  expect(lines).toContain('| BullMQ, no persistence | 1 | 1 | 40 ms at 1.50 s (8 events) |')
})

test('an endpoint that fails is judged by what the others have with and without it', () => {
  const at = (p99: number) => ({ count: 1, p50: 1, p95: 1, p99, p999: p99, max: p99 })
  const of = (scenario: string, p99: number) =>
    measurementOf({ scenario, latencies: { healthy: at(p99), others: at(0), stalls: [] } })
  const lines = reportOf([of('ten-endpoints', 4), of('failing-endpoint', 10)])
  expect(lines).toContain('| BullMQ, no persistence | 1.0 | 1.0 | 10.0 | 10.0 | 10.0 | 3.0 | 2.50 |')
})

test('another revision is compared with this tree', () => {
  const of = (system: string, receivedPerS: number) => measurementOf({ system, receivedPerS, cpuMicros: { node: 100 } })
  const lines = reportOf([of('tidings-database', 3000), of('tidings-database@v1', 2000)])
  expect(lines).toContain('| Tidings@v1, database | 2,000 | - | - | 3,000 | 0 |')
  expect(lines).toContain('| tidings-database / v1 | 1.50 | 1.00 | 1.00 | 1.00 | - |')
})

test('what could not be measured and what was violated is at the top', () => {
  const lines = reportOf([measurementOf({ violations: ['3 notifications repeated'] })])
  expect(lines.filter((line) => line.startsWith('- '))).toEqual([
    '- **Failed**: rate-200, pg-boss: it did not start',
    '- **Failed**: saturation, bullmq: 3 notifications repeated',
  ])
})
