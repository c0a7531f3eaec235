import { connect } from 'node:net'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { createDataDirectories, createOpenCheckout } from './support/data-directories.ts'
import { startProcess } from './support/embedded-process.ts'
import { runServiceToEnd } from './support/program-runner.ts'
import { processesOn, startRawService } from './support/raw-service-process.ts'

const DEBUGGER_PORT = 9229
const directories = createDataDirectories()
const checkout = createOpenCheckout()

afterEach(() => directories.removeAll())
afterAll(() => checkout.remove())

const isOpen = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
      .on('error', () => resolve(false))
      .on('close', () => socket.destroy())
  })

const until = (dataDir: string, program: string) =>
  vi.waitFor(async () => expect((await processesOn(dataDir)).join()).toContain(program), {
    timeout: 60_000,
    interval: 5,
  })

/** Each phase of a first start: what runs on the data directory then. */
test.each([
  ['SIGTERM', 'initdb -D', false],
  ['SIGINT', 'initdb -D', true],
  ['SIGHUP', '/postgres -D', true],
  ['SIGQUIT', '/postgres -D', false],
  ['SIGALRM', '/postgres -D', false],
] as const)(
  '%s while %s runs (to the whole group: %s) ends the start with 0 and leaves nothing behind',
  async (signal, program, isToGroup) => {
    const dataDir = await directories.make()
    const service = startRawService({ dataDir })
    await until(dataDir, program)
    if (isToGroup) service.signalGroup(signal)
    else process.kill(service.pid, signal)
    expect(await service.ended, service.log()).toBe(0)
    expect(await processesOn(dataDir)).toEqual([])
  },
)

test('a ready service ignores SIGUSR1 and SIGUSR2, opens no debugger, and stops gracefully on SIGHUP', async () => {
  const dataDir = await directories.make()
  const service = startRawService({ dataDir })
  const url = await service.ready()
  const wasOpen = await isOpen(DEBUGGER_PORT)
  for (const name of ['SIGUSR1', 'SIGUSR2', 'SIGPIPE'] as const) process.kill(service.pid, name)
  // In whichever order the system tells of them.
  await vi.waitFor(() => expect(['SIGUSR1', 'SIGUSR2'].filter((name) => !service.log().includes(name))).toEqual([]), {
    timeout: 10_000,
  })
  expect(service.log()).not.toContain('Debugger')
  expect(await isOpen(DEBUGGER_PORT)).toBe(wasOpen)
  expect((await fetch(`${url}/v3/notifications/healthcheck`)).status).toBe(200)
  service.signalGroup('SIGHUP')
  expect(await service.ended).toBe(0)
  expect(service.log()).toContain('"stopped"')
  expect(await processesOn(dataDir)).toEqual([])
})

test.each([
  ['a tenants file that is none', { TENANTS_FILE: 'package.json' }],
  ['a port that is taken', {}],
  ['another number of partitions', { TIDINGS_PARTITIONS: '7' }],
])('a start that fails leaves no PostgreSQL behind: %s', async (what, env: Readonly<Record<string, string>>) => {
  const dataDir = await directories.make()
  const first = startRawService({ dataDir })
  const { port } = new URL(await first.ready())
  process.kill(first.pid, 'SIGKILL')
  await first.ended
  expect(await processesOn(dataDir)).not.toEqual([])
  const other = what.includes('port')
    ? startRawService({ dataDir: await directories.make(), env: { TAPIS_SERVICE_PORT: port } })
    : undefined
  await other?.ready()
  const { code, stderr } = await runServiceToEnd({
    TIDINGS_DATA_DIR: dataDir,
    ...(other && { TAPIS_SERVICE_PORT: port }),
    ...env,
  })
  expect(code, stderr).toBe(1)
  expect(await processesOn(dataDir)).toEqual([])
  if (other) process.kill(other.pid, 'SIGTERM')
  await other?.ended
})

test('variables of libpq do not reach the embedded PostgreSQL', async () => {
  const service = startRawService({
    dataDir: await directories.make(),
    env: {
      PGSSLMODE: 'require',
      PGSSLNEGOTIATION: 'direct',
      PGOPTIONS: '-c default_transaction_read_only=on',
      PGREPLICATION: 'database',
      NODE_PG_FORCE_NATIVE: '1',
      PGHOST: 'host.invalid',
      PGPORT: '1',
      PGUSER: 'x',
      PGPASSWORD: 'x',
      PGDATABASE: 'x',
      PGSSLROOTCERT: '/not/there',
      PGCLIENT_ENCODING: 'latin1',
      PGDATA: '/not/there',
    },
  })
  await service.ready()
  process.kill(service.pid, 'SIGTERM')
  expect(await service.ended).toBe(0)
})

test.runIf(process.getuid?.() === 0)('the error for a uid without a name says what to do', async () => {
  const user = { uid: 54_321, gid: 54_321 }
  const start = startProcess({
    dataDir: await directories.make({ owner: user }),
    user,
    checkout: await checkout.for(user),
  })
  await expect(start.ready()).rejects.toThrow(
    /The uid 54321 has no name on this system, and initdb needs one: .* or set DATABASE_URL/,
  )
})
