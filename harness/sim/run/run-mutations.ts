import { MUTATIONS, type Mutation } from '../mutations.ts'
import { compileTree } from './compiled-tree.ts'
import { runSeeds } from './run-seeds.ts'

/** Within so many seeds each must be found. */
const MAX_SEEDS = 10_000

export interface FoundMutation {
  readonly mutation: Mutation
  /** The seed, and what it found; undefined: none did. */
  readonly seed: number | undefined
  readonly finding: string | undefined
}

export interface MutationsOptions {
  readonly from: number
  readonly workers: number
}

/** Runs each mutation until a seed finds it, and prints the table. Returns whether all were found. */
export async function runMutations(options: MutationsOptions): Promise<boolean> {
  process.stdout.write('| mutation | file | found by seed | as |\n|---|---|---|---|\n')
  let areAllFound = true
  for (const mutation of MUTATIONS) {
    const { seed, finding } = await findMutation(mutation, options)
    areAllFound &&= seed !== undefined
    const files = mutation.patches.map(({ file }) => `\`${file.replace('server/', '')}\``).join(', ')
    process.stdout.write(`| ${mutation.name} | ${files} | ${seed ?? 'none'} | ${finding?.slice(0, 110) ?? ''} |\n`)
  }
  return areAllFound
}

export async function findMutation(
  mutation: Mutation,
  { from, workers }: MutationsOptions,
  maxSeeds = MAX_SEEDS,
): Promise<FoundMutation> {
  const tree = await compileTree(mutation.name, mutation.patches)
  let found: FoundMutation = { mutation, seed: undefined, finding: undefined }
  await runSeeds({
    tree,
    from,
    to: from + maxSeeds - 1,
    workers,
    onSeed({ seed, findings }) {
      if (findings.length === 0) return false
      found = { mutation, seed, finding: findings[0] }
      return true
    },
  })
  return found
}
