import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { growthTables, SHORT_SIZES } from '@tidings/harness/growth/growth-tables.ts'
import { prefill } from '@tidings/harness/growth/prefill.ts'
import type { TableResult } from '@tidings/harness/growth/run-growth.ts'
import { expect, onTestFinished, test } from 'vitest'
import { runFromSources } from './support/program-runner.ts'
import { createTestDatabase } from './support/test-database.ts'

/** It starts several programs, from their sources. */
const SLOWLY_MS = 180_000

const PLACES = ['machine', 'settled']
const PAGE = PLACES.map((place) => `<!-- growth-${place}: begin -->\n<!-- growth-${place}: end -->\n`).join('\n')

async function directoryOfTest(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tidings-growth-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

test(
  'a short run counts events in every setting, and writes the table into its place of the page',
  async () => {
    const directory = await directoryOfTest()
    const [json, page] = [join(directory, 'results.json'), join(directory, 'page.md')]
    await writeFile(page, PAGE)
    const args = ['--short', '--seconds', '2', '--only', 'settled', '--json', json, '--write', page]
    const { code, stdout, stderr } = await runFromSources('harness/growth/main.ts', args)
    expect(code, stdout + stderr).toBe(0)

    const { tables } = JSON.parse(await readFile(json, 'utf8')) as { readonly tables: readonly TableResult[] }
    const expected = growthTables(SHORT_SIZES).filter(({ name }) => PLACES.includes(name))
    expect(tables.map(({ table }) => table)).toEqual(expected)
    for (const { figures, turns, failures } of tables) {
      expect(failures).toEqual([])
      expect(figures.map(({ turns: count }) => count)).toEqual([1, 1])
      expect(figures[1]?.perS.ratio?.median).toBeGreaterThan(0)
      for (const turn of turns) {
        expect(turn?.saturated.receivedPerS).toBeGreaterThan(20)
        expect(turn?.steady.latencies.healthy.count).toBeGreaterThan(50)
        expect([turn?.saturated.lost, turn?.steady.lost]).toEqual([0, 0])
      }
    }
    const written = await readFile(page, 'utf8')
    for (const { title, settings } of expected) {
      expect(written).toContain(title)
      for (const { name } of settings) expect(written).toMatch(new RegExp(`^\\| +${name} \\|`, 'm'))
    }
  },
  SLOWLY_MS,
)

test('a database is prepared with as much as each setting says', async () => {
  const settings = growthTables(SHORT_SIZES).flatMap((table) => table.settings)
  const chosen = settings.filter(
    ({ otherSubjects, otherTypes, settled, hasSubscriptionPerSeries }) =>
      otherSubjects > 1000 || otherTypes > 1000 || settled > 0 || hasSubscriptionPerSeries,
  )
  expect(chosen).toHaveLength(4)
  for (const setting of chosen) {
    const db = await createTestDatabase({ isEmpty: true })
    onTestFinished(() => db.drop())
    await prefill(db.url, setting, (index) => `http://127.0.0.1:9/t/${index}`) // throws if a count is wrong
  }
})

test('what cannot be used is said before anything is measured', async () => {
  const args = ['--json', 'nowhere/results.json', '--write', 'README.md', '--only', 'matches']
  const run = await runFromSources('harness/growth/main.ts', ['--short', ...args])
  expect(run.code, run.stdout).toBe(2)
  expect(run.stderr.split('\n\n', 1)[0]?.split('\n')).toEqual([
    '--json: cannot be written: nowhere/results.json',
    '--write: is not a page with a place for growth-machine: README.md',
    '--write: is not a page with a place for growth-matches: README.md',
  ])
})
