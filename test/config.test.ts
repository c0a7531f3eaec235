import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { VARIABLES } from '@tidings/server/config/variables.ts'
import { TRANSLATED_NAMES } from '@tidings/server/config/tapis-variables.ts'
import { runFromSources, runServiceToEnd } from './support/program-runner.ts'

const PAGE = new URL('../docs/config.md', import.meta.url)

test('a wrong configuration stops the start with exit code 1 and all violations on standard error alone', async () => {
  const { code, stdout, stderr } = await runServiceToEnd({
    TIDINGS_ROLE: 'dispatcher',
    HOST: '0.0.0.0',
    BROKER_URL: 'amqp://user:s3cret@broker/too/deep',
    LOG_LEVEL: 'loud',
  })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr.split('\n')).toEqual([
    'The configuration has 4 error(s):',
    expect.stringContaining('  - LOG_LEVEL: '),
    expect.stringContaining('  - BROKER_URL: '),
    expect.stringContaining('  - TIDINGS_ROLE: '),
    expect.stringContaining('  - HOST: '),
    '',
  ])
  expect(stderr).not.toContain('s3cret')
})

test('a contradiction that involves a wrong value does not crash', async () => {
  const { code, stdout, stderr } = await runServiceToEnd({ TIDINGS_ROLE: 'both', DATABASE_URL: 'mysql://db' })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^The configuration has 2 error\(s\):\n {2}- TIDINGS_ROLE: .*\n {2}- DATABASE_URL: .*\n$/)
})

test('docs/config.md has every variable and is what config-docs makes', async () => {
  const page = await readFile(PAGE, 'utf8')
  expect([...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)).toEqual([
    ...Object.keys(VARIABLES),
    ...Object.keys(TRANSLATED_NAMES),
  ])
  expect(await runFromSources('server/commands/config-docs.ts', ['--check'])).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  })
})

test.each([[['--chekc']], [['--check', 'one', 'two']], [['page.md']]])(
  'config-docs %j writes nothing and prints the usage',
  async (args) => {
    const before = await stat(PAGE)
    expect(await runFromSources('server/commands/config-docs.ts', args)).toEqual({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('npm run config-docs') as string,
    })
    expect((await stat(PAGE)).mtimeMs).toBe(before.mtimeMs)
  },
)

test('config-docs --help only prints the usage', async () => {
  const before = await stat(PAGE)
  expect(await runFromSources('server/commands/config-docs.ts', ['--help'])).toEqual({
    code: 0,
    stdout: expect.stringContaining('npm run config-docs') as string,
    stderr: '',
  })
  expect((await stat(PAGE)).mtimeMs).toBe(before.mtimeMs)
})

test('config-docs --check rejects a page that differs', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tidings-config-'))
  try {
    const page = join(directory, 'config.md')
    await writeFile(page, (await readFile(PAGE, 'utf8')).replace('8080', '8081'))
    expect(await runFromSources('server/commands/config-docs.ts', ['--check', page])).toEqual({
      code: 1,
      stdout: '',
      stderr: `${page} is out of date: npm run config-docs\n`,
    })
  } finally {
    await rm(directory, { recursive: true })
  }
})
