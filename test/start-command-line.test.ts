import { spawn, spawnSync } from 'node:child_process'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { createDatabaseForTest } from './support/test-database.ts'
import { ROOT } from './support/dockerfile.ts'
import { createDataDirectories } from './support/data-directories.ts'
import { runProgram } from './support/program-runner.ts'

const directories = createDataDirectories()

afterEach(() => directories.removeAll())

describe('the command line', () => {
  test('--help and --version print and start nothing, even if the configuration is wrong', async () => {
    expect(await runProgram('server/main.ts', ['--help'], { TIDINGS_ROL: 'x' })).toEqual({
      code: 0,
      stdout: expect.stringMatching(/npm start[\s\S]*docs\/config\.md[\s\S]*docs\/operations\.md/) as string,
      stderr: '',
    })
    expect(await runProgram('server/main.ts', ['--version'], { TIDINGS_ROL: 'x' })).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^tidings \d+\.\d+\.\d+\n$/) as string,
      stderr: '',
    })
  })

  test.each([
    [['--helpp'], 'did you mean --help?'],
    [['--port', '8090'], 'environment variables'],
    [['server'], 'unexpected argument: server'],
  ])('%j exits with 2 and the usage', async (args, words) => {
    const { code, stdout, stderr } = await runProgram('server/main.ts', args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(words)
    expect(stderr).toContain('npm start')
  })
})

/** Gives a program a terminal; of util-linux. */
const hasScript = spawnSync('script', ['--version']).status === 0

test.skipIf(!hasScript)(
  'in a terminal, a start ends with where to look next; elsewhere standard output has its one line',
  async () => {
    const [{ url }, directory] = await Promise.all([createDatabaseForTest(), directories.make()])
    const env = `DATABASE_URL=${url} TIDINGS_DATA_DIR=${directory} TAPIS_SERVICE_PORT=0`
    const command = `env ${env} ${process.execPath} --import tsx server/main.ts`
    const child = spawn('script', ['-qefc', command, '/dev/null'], {
      cwd: ROOT,
      env: { PATH: process.env.PATH ?? '', TERM: 'dumb' },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const gone = new Promise((resolve) => void child.once('close', resolve))
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await gone
    })
    let seen = ''
    child.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
    })
    await expect.poll(() => seen, { timeout: 60_000 }).toContain('Ctrl-C finishes what is in flight')
    const [, address = ''] = /^ready (http:\S+)\r?$/m.exec(seen) ?? []
    expect(seen).toContain(`Tidings listens on ${address}`)
    expect(seen).toContain(`${address}/v3/notifications/docs`)
    expect(seen).toContain('npm run --silent token -- --service jobs --tenant dev')
    child.stdin.write('\u0003') // Ctrl-C, as a terminal gives it to the program
    await gone
  },
)

describe('before anything else', () => {
  const preflight = (file: string) => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [file], { encoding: 'utf8' })
    return { status, stdout, stderr }
  }

  test('missing packages are reported, with the command; otherwise nothing is printed', async () => {
    const directory = await directories.make()
    await mkdir(join(directory, 'server/commands'), { recursive: true })
    await copyFile(join(ROOT, 'server/commands/preflight.cjs'), join(directory, 'server/commands/preflight.cjs'))
    expect(preflight(join(directory, 'server/commands/preflight.cjs'))).toEqual({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^The packages are not installed[\s\S]*npm ci/) as string,
    })
    expect(preflight(join(ROOT, 'server/commands/preflight.cjs'))).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  test.each(['18.20.8', '20.18.3', '12.22.12'])('Node.js %s is reported as too old', async (version) => {
    const directory = await directories.make()
    await mkdir(directory, { recursive: true })
    const text = await readFile(join(ROOT, 'server/commands/preflight.cjs'), 'utf8')
    const file = join(directory, 'preflight.cjs')
    await writeFile(file, text.replace('process.versions.node)', `'${version}')`))
    expect(preflight(file)).toEqual({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining(`Tidings needs Node.js 20.19 or newer; this is ${version}`) as string,
    })
  })

  test('it is parsed by the oldest Node.js that anybody has, and comes first in every command', async () => {
    const text = await readFile(join(ROOT, 'server/commands/preflight.cjs'), 'utf8')
    expect(text).not.toMatch(/=>|`|\bconst\b|\blet\b|\?\.|\?\?|\bimport\b|\basync\b/)
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>
    }
    for (const name of ['start', 'demo', 'token', 'import', 'dead-letters'])
      expect(scripts[name], name).toMatch(/^node server\/commands\/preflight\.cjs && /)
    expect(scripts['start']).toBe(
      'node server/commands/preflight.cjs && exec node --max-semi-space-size=32 ' +
        '--import tsx --import ./server/runtime/preload.ts server/main.ts',
    )
  })
})
