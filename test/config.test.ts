import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { VARIABLES } from '@tidings/server/config.ts'
import { TRANSLATED } from '@tidings/server/config-original.ts'
import { runProgram, runService } from './support/failed-start.ts'

const PAGE = new URL('../docs/config.md', import.meta.url)

test('a wrong configuration ends the start with exit code 1 and all faults on standard error, nothing on standard output', async () => {
  const { code, stdout, stderr } = await runService({ TIDINGS_ROLE: 'dispatcher', HOST: '0.0.0.0', BROKER_URL: 'amqp://user:s3cret@broker/too/deep', LOG_LEVEL: 'loud' })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr.split('\n')).toEqual([
    'The configuration has 4 fault(s):',
    expect.stringContaining('  - BROKER_URL: '),
    expect.stringContaining('  - LOG_LEVEL: '),
    expect.stringContaining('  - TIDINGS_ROLE: '),
    expect.stringContaining('  - HOST: '),
    '',
  ])
  expect(stderr).not.toContain('s3cret')
})

test('a contradiction that involves a wrong value is no reason to fall over', async () => {
  const { code, stdout, stderr } = await runService({ TIDINGS_ROLE: 'both', DATABASE_URL: 'mysql://db' })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^The configuration has 2 fault\(s\):\n {2}- TIDINGS_ROLE: .*\n {2}- DATABASE_URL: .*\n$/)
})

test('docs/config.md has every variable and is what config-docs makes', async () => {
  const page = await readFile(PAGE, 'utf8')
  expect([...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)).toEqual([...Object.keys(VARIABLES), ...Object.keys(TRANSLATED)])
  expect(await runProgram('server/config-docs.ts', ['--check'])).toEqual({ code: 0, stdout: '', stderr: '' })
})

test.each([[['--chekc']], [['--check', 'one', 'two']], [['page.md']]])('config-docs %j writes nothing and says what may be given', async (args) => {
  const before = await stat(PAGE)
  expect(await runProgram('server/config-docs.ts', args)).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining('npm run config-docs') as string })
  expect((await stat(PAGE)).mtimeMs).toBe(before.mtimeMs)
})

test('config-docs --help only says what may be given', async () => {
  const before = await stat(PAGE)
  expect(await runProgram('server/config-docs.ts', ['--help'])).toEqual({ code: 0, stdout: expect.stringContaining('npm run config-docs') as string, stderr: '' })
  expect((await stat(PAGE)).mtimeMs).toBe(before.mtimeMs)
})

test('config-docs --check refuses a page that differs', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tidings-config-'))
  try {
    const page = join(directory, 'config.md')
    await writeFile(page, (await readFile(PAGE, 'utf8')).replace('8080', '8081'))
    expect(await runProgram('server/config-docs.ts', ['--check', page])).toEqual({ code: 1, stdout: '', stderr: `${page} is out of date: npm run config-docs\n` })
  } finally {
    await rm(directory, { recursive: true })
  }
})
