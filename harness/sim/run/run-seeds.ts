import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { SeedLine } from './worker.ts'

export interface SeedsOptions {
  /** A compiled tree. */
  readonly tree: string
  readonly from: number
  readonly to: number
  readonly workers: number
  /** Returns true when no more seeds are wanted. */
  readonly onSeed: (line: SeedLine) => boolean
}

const WORKER = join('harness', 'sim', 'run', 'worker.js')

/** Runs these seeds in processes, each with its share of them. Resolves when they are done, or no more are wanted. */
export async function runSeeds({ tree, from, to, workers, onSeed }: SeedsOptions): Promise<void> {
  const children: ChildProcess[] = []
  let isEnough = false

  async function work(first: number): Promise<void> {
    const args = ['--from', first, '--to', to, '--stride', workers].map(String)
    const child = spawn(process.execPath, [join(tree, WORKER), ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    for await (const text of createInterface({ input: child.stdout })) {
      if (isEnough || !onSeed(JSON.parse(text) as SeedLine)) continue
      isEnough = true
      for (const other of children) other.kill()
    }
    if (child.exitCode === null) await new Promise((resolve) => child.once('close', resolve))
    if (!isEnough && child.exitCode !== 0) throw new Error(`a worker ended with code ${child.exitCode}`)
  }

  await Promise.all(Array.from({ length: Math.min(workers, to - from + 1) }, (_, index) => work(from + index)))
}

/** Runs one seed and prints its trace. Resolves with the exit code. */
export function replaySeed(tree: string, seed: number, isTraced: boolean): Promise<number> {
  const args = ['--from', String(seed), '--to', String(seed), ...(isTraced ? ['--trace'] : [])]
  const child = spawn(process.execPath, [join(tree, WORKER), ...args], { stdio: 'inherit' })
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)))
}
