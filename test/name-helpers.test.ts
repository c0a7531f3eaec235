import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { programArguments } from '@tidings/harness/program.ts'
import { createLookupPool, type LookupPoolOptions } from '@tidings/server/delivery/names/lookup-pool.ts'
import { createLog } from '@tidings/server/log.ts'
import { expect, onTestFinished, test, vi } from 'vitest'

const SCRIPTED = fileURLToPath(new URL('support/scripted-lookup-program.js', import.meta.url))
const CHILD = 'test/support/lookup-pool-program.ts'
const log = createLog({ level: 'silent', isTerminal: false })
const PORTAL = [{ address: '10.0.0.1', family: 4 }]

function poolOf(parts: Partial<LookupPoolOptions> = {}) {
  const pool = createLookupPool({ maxNames: 100, timeoutMs: 10_000, threads: 16, program: SCRIPTED, log, ...parts })
  onTestFinished(() => pool.close())
  return pool
}

/** Looks up names that never get a response; returns how many have settled. */
function hang(pool: ReturnType<typeof poolOf>, many: number, name = 'hang') {
  const settled = vi.fn()
  for (let index = 0; index < many; index += 1) pool.lookUp(`${name}-${index}`).then(settled, settled)
  return settled
}

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const areGone = (pids: readonly number[]) =>
  expect.poll(() => pids.filter(isAlive), { timeout: 20_000, interval: 20 }).toEqual([])

test('a name that the operating system knows is found, any other rejects', async () => {
  const pool = poolOf({ program: undefined })
  expect(await pool.lookUp('127.1')).toEqual([{ address: '127.0.0.1', family: 4 }])
  await expect(pool.lookUp('no name at all')).rejects.toMatchObject({ name: 'LookupError' })
})

test.each([
  '',
  '.',
  '..',
  'a..b',
  ' ',
  '%',
  'a'.repeat(64),
  'a'.repeat(1000),
  'é.example',
  '\u{1F600}',
  'xn--a',
  '-',
  '*',
  '[::1]',
  '1.2.3.4.5',
  '0x7f.1',
  'a\nb',
  '\u202E',
  '__proto__',
])('a helper survives the name %j', async (name) => {
  const pool = poolOf({ program: undefined })
  await pool.lookUp(name).catch(() => undefined)
  const [pid] = pool.pids()
  expect(await pool.lookUp('127.1')).toHaveLength(1)
  expect(pool.pids()).toEqual([pid])
})

test('no process is started before the first name', async () => {
  const pool = poolOf()
  expect(pool.pids()).toEqual([])
  expect(await pool.lookUp('portal')).toEqual(PORTAL)
  expect(pool.pids()).toHaveLength(1)
})

test('concurrent requests for a name share one lookup, later ones do not', async () => {
  const pool = poolOf()
  const first = pool.lookUp('count')
  expect(pool.lookUp('count')).toBe(first)
  expect(await first).toEqual([{ address: '10.0.0.1', family: 4 }])
  expect(await pool.lookUp('count')).toEqual([{ address: '10.0.0.2', family: 4 }])
})

test('hanging names, however many, keep no other name waiting', async () => {
  const pool = poolOf({ maxNames: 700, threads: 512 })
  const settled = hang(pool, 600)
  expect(await pool.lookUp('portal')).toEqual(PORTAL)
  expect(pool.pids()).toHaveLength(3)
  expect(settled).not.toHaveBeenCalled()
})

test('a hanging name is looked up once, however often it is requested', async () => {
  const pool = poolOf({ maxNames: 8 })
  for (let round = 0; round < 1000; round += 1) hang(pool, 8)
  expect(await pool.lookUp('portal')).toEqual(PORTAL)
  expect(pool.pids()).toHaveLength(2)
})

test('lookups that nobody waits for any more make room for others, with the process that runs them', async () => {
  const pool = poolOf({ maxNames: 8, timeoutMs: 1000 }) // room for 8 in each of two
  const settled = hang(pool, 16)
  await expect(pool.lookUp('portal')).rejects.toMatchObject({ code: 'EBUSY' })
  expect(settled).not.toHaveBeenCalled()
  const before = pool.pids()
  await vi.waitFor(async () => expect(await pool.lookUp('portal')).toEqual(PORTAL), { timeout: 20_000, interval: 20 })
  expect(pool.pids()).toHaveLength(2)
  expect(pool.pids().filter((pid) => before.includes(pid))).toHaveLength(1)
  // Of the 8 in that process, those that were still waited for at this moment run in the new one.
  await vi.waitFor(() => expect(settled).toHaveBeenCalled(), { timeout: 20_000, interval: 20 })
  expect(settled.mock.calls.length).toBeLessThanOrEqual(8)
})

test('a name that is still awaited is looked up again when its process makes room', async () => {
  const pool = poolOf({ maxNames: 8, timeoutMs: 1500 })
  hang(pool, 15)
  const waiting = pool.lookUp('later-2500-x')
  const isThereRoom = () =>
    pool.lookUp('portal').then(
      () => true,
      () => false,
    )
  await vi.waitFor(
    async () => {
      void pool.lookUp('later-2500-x').catch(() => undefined) // somebody waits for it all the time
      expect(await isThereRoom()).toBe(true)
    },
    { timeout: 20_000, interval: 100 },
  )
  expect(await waiting).toEqual(PORTAL)
})

test('a helper that was killed is replaced, and what it was doing is done again', async () => {
  const pool = poolOf()
  const waiting = pool.lookUp('later-500-x')
  await pool.lookUp('portal')
  const [pid = 0] = pool.pids()
  process.kill(pid, 'SIGKILL')
  expect(await waiting).toEqual(PORTAL)
  expect(pool.pids()).not.toContain(pid)
  expect(pool.pids()).toHaveLength(1)
})

test('a name over which helpers die fails, others do not', async () => {
  const pool = poolOf()
  await expect(pool.lookUp('dies-always')).rejects.toMatchObject({ code: 'ECANCELLED' })
  expect(await pool.lookUp('portal')).toEqual(PORTAL)
})

test('a helper that has stopped is replaced', async () => {
  const pool = poolOf()
  await pool.lookUp('portal')
  const [pid = 0] = pool.pids()
  process.kill(pid, 'SIGSTOP')
  void pool.lookUp('first').catch(() => undefined)
  const portal = pool.lookUp('portal')
  await vi.waitFor(
    () => {
      void pool.lookUp('again').catch(() => undefined)
      expect(pool.pids()).not.toContain(pid)
    },
    { timeout: 30_000, interval: 200 },
  )
  expect(await portal).toEqual(PORTAL)
  await areGone([pid])
})

test('if the system allows fewer threads, helpers use fewer', async () => {
  vi.stubEnv('RESOLV_MOST_THREADS', '40') // handed on to helpers, as what the C library reads is
  onTestFinished(() => void vi.unstubAllEnvs())
  const pool = poolOf({ threads: 512 })
  expect(await pool.lookUp('threads')).toEqual([{ address: '10.0.0.32', family: 4 }])
})

test('if no helper can be started, names fail at once, and again later', async () => {
  const pool = poolOf({ program: '/no/such/program.js' })
  await expect(pool.lookUp('portal')).rejects.toMatchObject({ name: 'LookupError' })
  await expect(pool.lookUp('portal')).rejects.toMatchObject({ code: 'EBUSY' })
})

test('signals meant for the service do not end its helpers', async () => {
  const pool = poolOf({ program: undefined })
  await pool.lookUp('127.1')
  const [pid = 0] = pool.pids()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const)
    process.kill(pid, signal)
  expect(await pool.lookUp('127.2')).toHaveLength(1)
  expect(pool.pids()).toEqual([pid])
})

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'helpers end with a process that is ended by %s, whatever hangs in them',
  async (signal) => {
    const child = spawn(process.execPath, [...programArguments(CHILD), SCRIPTED], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const pids = line.toString().trim().split(' ').map(Number)
    expect(pids).toHaveLength(3)
    child.kill(signal)
    await areGone(pids)
  },
)

test('after the stop nothing is looked up, and lookups in progress fail', async () => {
  const pool = poolOf()
  const waiting = pool.lookUp('hang-1')
  await pool.lookUp('portal')
  const pids = pool.pids()
  pool.close()
  await expect(waiting).rejects.toMatchObject({ code: 'ECANCELLED' })
  await expect(pool.lookUp('portal')).rejects.toMatchObject({ code: 'ECANCELLED' })
  await areGone(pids)
})
