import { describe, expect, test } from 'vitest'
import { MUTATIONS } from './mutations.ts'
import { compileTree } from './run/compiled-tree.ts'
import { findMutation } from './run/run-mutations.ts'
import { runSeeds } from './run/run-seeds.ts'
import { runSeed } from './run-seed.ts'

const SEEDS = 12

describe('the simulation', () => {
  test(`keeps every promise in ${SEEDS} seeds`, { timeout: 120_000 }, async () => {
    const findings: string[] = []
    let faults = 0
    await runSeeds({
      tree: await compileTree('test', []),
      from: 1,
      to: SEEDS,
      workers: 1,
      onSeed(line) {
        findings.push(...line.findings.map((finding) => `seed ${line.seed}: ${finding}`))
        faults += line.faults
        return false
      },
    })
    expect(findings).toEqual([])
    expect(faults).toBeGreaterThan(10 * SEEDS * 0.8)
  })

  test('runs the same seed in the same way, step by step', { timeout: 60_000 }, async () => {
    const first = await runSeed(7, { isTraced: true })
    const second = await runSeed(7, { isTraced: true })
    expect(second.trace).toEqual(first.trace)
    expect(first.trace.length).toBeGreaterThan(1000)
    expect(first.events).toBeGreaterThan(150)
  })

  test('finds a lane that is free before its settlement has committed', { timeout: 120_000 }, async () => {
    const [mutation] = MUTATIONS
    if (!mutation) throw new Error('there is no mutation')
    const { finding } = await findMutation(mutation, { from: 1, workers: 1 }, 50)
    expect(finding).toMatch(/^P\d: /)
  })
})
