import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { redisVersion } from '@tidings/harness/bench/servers/redis.ts'
import type { Measurement } from '@tidings/harness/bench/measure.ts'
import { expect, onTestFinished, test } from 'vitest'
import { runFromSources } from './support/program-runner.ts'

/** It starts several programs, from their sources. */
const SLOWLY_MS = 180_000

interface Results {
  readonly machine: Readonly<Record<string, string>>
  readonly measurements: readonly Measurement[]
}

/** Runs the benchmark for 2 s a system; returns what it has written. */
async function shortBench(...args: readonly string[]): Promise<Results> {
  const directory = await mkdtemp(join(tmpdir(), 'tidings-bench-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const file = join(directory, 'results.json')
  const { code, stdout, stderr } = await runFromSources('harness/bench/main.ts', ['--short', '--json', file, ...args])
  expect(code, stdout + stderr).toBe(0)
  return JSON.parse(await readFile(file, 'utf8')) as Results
}

const isPositive = (value: number | undefined) => value !== undefined && value > 0

test(
  'a short benchmark at full speed counts events, CPU time and memory, and finds no violation',
  async () => {
    const { machine, measurements } = await shortBench('--systems', 'tidings-database,ceiling')
    expect(measurements.map(({ system }) => system)).toEqual(['tidings-database', 'ceiling'])
    expect(machine['PostgreSQL']).toMatch(/^\d+\.\d+ /)
    for (const { system, receivedPerS, acceptedPerS, cpuMicros, memoryMiB, lost, violations } of measurements) {
      expect({ system, lost, violations }).toEqual({ system, lost: 0, violations: [] })
      expect([receivedPerS, acceptedPerS].every((rate) => rate > 20 && rate < 100_000)).toBe(true)
      const servers = system === 'ceiling' ? [] : ['postgresql']
      expect(Object.keys(cpuMicros)).toEqual(['publisher', 'node', ...servers, 'receiver'])
      expect([...Object.values(cpuMicros), ...Object.values(memoryMiB)].every(isPositive)).toBe(true)
    }
  },
  SLOWLY_MS,
)

test(
  'a short benchmark at 200 events/s sends at that rate and measures latencies',
  async () => {
    const hasRedis = (await redisVersion()) !== undefined
    const { measurements } = await shortBench('--scenario', 'rate-200', '--systems', hasRedis ? 'bullmq' : 'ceiling')
    const [measurement] = measurements
    expect(measurements).toHaveLength(1)
    expect(measurement).toMatchObject({ rejected: 0, lost: 0, violations: [] })
    expect(measurement?.latencies.healthy.count).toBeGreaterThan(200)
    const { p50 = 0, p99 = 0, max = 0 } = measurement?.latencies.healthy ?? {}
    expect([p50 > 0, p99 >= p50, max >= p99]).toEqual([true, true, true])
  },
  SLOWLY_MS,
)

test('what cannot be used is said before anything is measured', async () => {
  const args = ['--node', '/bin/true', '--json', 'nowhere/results.json', '--write', 'README.md', '--out', 'README.md']
  const run = await runFromSources('harness/bench/main.ts', ['--short', ...args, '--against', 'no-such-revision'])
  expect(run.code, run.stdout).toBe(2)
  expect(run.stderr.split('\n\n', 1)[0]?.split('\n')).toEqual([
    '--node: is not a Node.js: /bin/true',
    '--against: there is no revision no-such-revision',
    '--json: cannot be written: nowhere/results.json',
    '--write: is not a page with a place for figures: README.md',
    '--out: is not a directory that can be written: README.md',
  ])
})
