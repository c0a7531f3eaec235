import { parseArgs } from 'node:util'
import { runSeed, type SeedResult } from '../run-seed.ts'

/*
 * Runs seeds one after the other and prints a line of JSON for each. A process of its own, of a compiled tree:
 * `node worker.js --from 1 --to 1000 --stride 2`, or `--seed 7 --trace`.
 */

export interface SeedLine extends Omit<SeedResult, 'trace'> {
  readonly kind: 'seed'
}

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    to: { type: 'string', default: '1' },
    stride: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
  },
})

let seedUnderWay = 0
process.on('unhandledRejection', (reason) => {
  print(failedSeed(seedUnderWay, `unhandled rejection: ${String(reason)}`))
  process.exit(1)
})

for (let seed = Number(values.from); seed <= Number(values.to); seed += Number(values.stride)) {
  seedUnderWay = seed
  const { trace, ...line } = await runSeed(seed, { isTraced: values.trace }).catch((error: unknown) => ({
    ...failedSeed(seed, error instanceof Error ? String(error.stack) : String(error)),
    trace: [] as const,
  }))
  for (const text of trace) process.stdout.write(`${text}\n`)
  print({ ...line, kind: 'seed' })
}

function print(line: SeedLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** The simulation itself failed, or a promise of the service that nobody waits for. */
function failedSeed(seed: number, why: string): SeedLine {
  const nothing = { events: 0, notifications: 0, sends: 0, arrivals: 0, faults: 0, steps: 0, simulatedMs: 0 }
  return { kind: 'seed', seed, findings: [`crash: ${why}`], ...nothing }
}
