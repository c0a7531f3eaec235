import { parseArgs } from 'node:util'
import { MUTATIONS } from './mutations.ts'
import { compileTree } from './run/compiled-tree.ts'
import { runMutations } from './run/run-mutations.ts'
import { replaySeed, runSeeds } from './run/run-seeds.ts'
import { writeFingerprints } from './run/write-fingerprints.ts'

const HELP = `Runs the shipped dispatch, delivery, ownership, recovery and publish under a simulated clock, database and
network, with faults, and judges every promise. A seed is one run, always the same.

  npm run sim -- [--seeds 1000] [--from 1] [--workers 1]
  npm run sim -- --seed N [--trace]        one seed, with everything that happens
  npm run sim -- --mutations               breaks the shipped files in known ways, until each is found
  npm run sim -- --fingerprints            after a statement and its model were changed
  npm run sim -- --mutation NAME ...       one of them: ${MUTATIONS.map(({ name }) => name).join(', ')}

Exit code 1 if a promise was broken, or a mutation was not found.
`

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    workers: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    mutation: { type: 'string' },
    mutations: { type: 'boolean', default: false },
    fingerprints: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const [seeds, from, workers] = [Number(values.seeds), Number(values.from), Number(values.workers)]

if (values.help) process.stdout.write(HELP)
else if (values.fingerprints) await writeFingerprints()
else if (values.mutations) process.exitCode = (await runMutations({ from, workers })) ? 0 : 1
else {
  const mutation = MUTATIONS.find(({ name }) => name === values.mutation)
  if (values.mutation !== undefined && !mutation) throw new Error(`there is no mutation ${values.mutation}`)
  const tree = await compileTree(mutation?.name ?? 'shipped', mutation?.patches ?? [])
  process.exitCode =
    values.seed === undefined ? await many(tree) : await replaySeed(tree, Number(values.seed), values.trace)
}

async function many(tree: string): Promise<number> {
  const startedAt = performance.now()
  let failed = 0
  let done = 0
  const sums = { events: 0, notifications: 0, sends: 0, faults: 0, steps: 0, simulatedMs: 0 }
  await runSeeds({
    tree,
    from,
    to: from + seeds - 1,
    workers,
    onSeed(line) {
      done += 1
      for (const key of ['events', 'notifications', 'sends', 'faults', 'steps', 'simulatedMs'] as const)
        sums[key] += line[key]
      if (line.findings.length > 0) {
        failed += 1
        process.stdout.write(`seed ${line.seed}\n${line.findings.map((finding) => `  ${finding}\n`).join('')}`)
      }
      return false
    },
  })
  const seconds = (performance.now() - startedAt) / 1000
  process.stdout.write(
    `${done} seeds, ${failed} with a broken promise; ${(done / seconds).toFixed(1)} seeds/s; ` +
      `${sums.events} events, ${sums.notifications} notifications, ${sums.sends} sends, ${sums.faults} faults, ` +
      `${sums.steps} steps, ${Math.round(sums.simulatedMs / 60_000)} simulated minutes\n`,
  )
  return failed === 0 ? 0 : 1
}
