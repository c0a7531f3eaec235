import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstat, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { createDataDirectories, createOpenCheckout, makeCheckout } from './support/data-directories.ts'
import { isRunning, postmasterPid, startProcess } from './support/embedded-process.ts'
import { queryOnce } from './support/query-once.ts'
import { createEmbeddedServers } from './support/embedded-servers.ts'

const isRoot = process.getuid?.() === 0
const NOBODY = { uid: 65_534, gid: 65_534 }
const directories = createDataDirectories()
const servers = createEmbeddedServers()
const openCheckout = createOpenCheckout()

afterEach(async () => {
  await servers.stopAll()
  await directories.removeAll()
})

afterAll(() => openCheckout.remove())

const PLACE = '/var/lib/tidings'
const listCopies = async () =>
  (await readdir(PLACE).catch(() => []))
    .filter((name) => /^postgresql-\S*\d$/.test(name))
    .map((name) => join(PLACE, name))
const remember = (url: string) => queryOnce(url, 'create table remembered as select 42 as answer')
const expectRemembered = async (url: string) =>
  expect(await queryOnce(url, 'select answer from remembered')).toEqual([{ answer: 42 }])
const untilGone = (pid: number) =>
  vi.waitFor(async () => expect(await isRunning(pid)).toBe(false), { timeout: 20_000, interval: 20 })

test('the first start creates an empty database that keeps what it commits and rejects strangers', async () => {
  const server = servers.make(await directories.make())
  expect(() => server.url()).toThrow('has not been started')
  await Promise.all([server.start(), server.start()])
  expect(server.isFirstUse).toBe(true)
  const settings = await queryOnce(
    server.url(),
    `
    select name, setting from pg_settings
    where name in (
      'fsync', 'full_page_writes', 'synchronous_commit', 'listen_addresses', 'unix_socket_directories',
      'server_encoding', 'max_connections')
    order by name`,
  )
  expect(settings).toEqual([
    { name: 'fsync', setting: 'on' },
    { name: 'full_page_writes', setting: 'on' },
    { name: 'listen_addresses', setting: '127.0.0.1' },
    { name: 'max_connections', setting: '50' },
    { name: 'server_encoding', setting: 'UTF8' },
    { name: 'synchronous_commit', setting: 'on' },
    { name: 'unix_socket_directories', setting: '' },
  ])
  const stranger = new URL(server.url())
  stranger.password = 'guess'
  await expect(queryOnce(stranger.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
})

test('a restart finds the earlier data, and stop ends the postmaster', async () => {
  const dataDir = await directories.make()
  const first = await servers.start(dataDir)
  await remember(first.url())
  const pid = await postmasterPid(dataDir)
  await first.stop()
  await first.stop()
  expect(await isRunning(pid)).toBe(false)
  await first.start()
  expect(first.isFirstUse).toBe(false)
  await expectRemembered(first.url())
  expect((await stat(join(dataDir, 'postgres/tidings.password'))).mode & 0o777).toBe(0o600)
})

test.each(['the process', 'its process group'] as const)(
  'when %s is killed the postmaster lives on and the next start adopts it',
  async (victim) => {
    const dataDir = await directories.make()
    const killed = startProcess({ dataDir })
    const { url, isFirstUse } = await killed.ready()
    expect(isFirstUse).toBe(true)
    await remember(url)
    const pid = await postmasterPid(dataDir)
    if (victim === 'its process group') killed.signalGroup('SIGKILL')
    await killed.kill()
    await expectRemembered(url)
    const next = await servers.start(dataDir)
    expect(next.url()).toBe(url)
    expect(await postmasterPid(dataDir)).toBe(pid)
    await next.stop()
    expect(await isRunning(pid)).toBe(false)
  },
)

test('when the process and the postmaster are killed the next start recovers the data', async () => {
  const dataDir = await directories.make()
  const killed = startProcess({ dataDir })
  await remember((await killed.ready()).url)
  const pid = await postmasterPid(dataDir)
  await killed.kill()
  process.kill(pid, 'SIGKILL')
  await expectRemembered((await servers.start(dataDir)).url())
  expect(await postmasterPid(dataDir)).not.toBe(pid)
})

test('a killed postmaster is restarted, again and again, even while a session is still working', async () => {
  const dataDir = await directories.make()
  const server = await servers.start(dataDir)
  await remember(server.url())
  for (let round = 1; round <= 2; round += 1) {
    const busy = queryOnce(server.url(), 'select count(*) from generate_series(1, 3000000)').catch(() => undefined)
    const pid = await postmasterPid(dataDir)
    process.kill(pid, 'SIGKILL')
    await untilGone(pid)
    await vi.waitFor(() => expectRemembered(server.url()), { timeout: 20_000, interval: 50 })
    expect(await postmasterPid(dataDir)).not.toBe(pid)
    await busy
  }
})

test('an adopted postmaster that is killed is restarted', async () => {
  const dataDir = await directories.make()
  const killed = startProcess({ dataDir })
  await remember((await killed.ready()).url)
  await killed.kill()
  const server = await servers.start(dataDir)
  process.kill(await postmasterPid(dataDir), 'SIGKILL')
  await vi.waitFor(() => expectRemembered(server.url()), { timeout: 20_000, interval: 50 })
})

test('two first starts at once share one database, which one of them has created', async () => {
  const dataDir = await directories.make()
  const both = [startProcess({ dataDir }), startProcess({ dataDir })]
  const ready = await Promise.all(both.map((process) => process.ready()))
  expect(new Set(ready.map(({ url }) => url)).size).toBe(1)
  expect(ready.filter(({ isFirstUse }) => isFirstUse)).toHaveLength(1)
  expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.log'])
  await Promise.all(both.map((process) => process.kill()))
})

test('two starts at once after a crash share one postmaster', async () => {
  const dataDir = await directories.make()
  const killed = startProcess({ dataDir })
  await remember((await killed.ready()).url)
  await killed.kill()
  process.kill(await postmasterPid(dataDir), 'SIGKILL')
  const [one, two] = await Promise.all([servers.start(dataDir), servers.start(dataDir)])
  await expectRemembered(one.url())
  expect(two.url()).toBe(one.url())
  await two.detach()
  await expectRemembered(one.url())
})

test('an interrupted initdb leaves nothing behind that the next start trips over', async () => {
  const dataDir = await directories.make()
  const killed = startProcess({ dataDir })
  await vi.waitFor(
    async () => {
      const [name = ''] = await readdir(dataDir)
      await stat(join(dataDir, name, 'cluster', 'base'))
    },
    { timeout: 20_000, interval: 5 },
  )
  await killed.kill() // and not its group: initdb goes on writing
  const server = await servers.start(dataDir)
  expect(server.isFirstUse).toBe(true)
  expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.log'])
})

test('an interrupt of the process group does not stop postgres before stop does', async () => {
  const dataDir = await directories.make()
  const child = startProcess({ dataDir })
  const { url } = await child.ready()
  const pid = await postmasterPid(dataDir)
  child.signalGroup('SIGINT')
  await child.told('interrupted')
  await remember(url)
  expect(await isRunning(pid)).toBe(true)
  await child.stop()
  expect(await isRunning(pid)).toBe(false)
})

test('a postmaster.pid with the pid of another program neither blocks the start nor harms that program', async () => {
  const dataDir = await directories.make()
  const server = await servers.start(dataDir)
  await remember(server.url())
  const file = join(dataDir, 'postgres/postmaster.pid')
  const lines = (await readFile(file, 'utf8')).split('\n')
  await server.stop()
  const bystander = spawn('sleep', ['60'], { stdio: 'ignore', ...(isRoot ? NOBODY : {}) })
  await once(bystander, 'spawn')
  await writeFile(file, [bystander.pid, ...lines.slice(1)].join('\n'))
  await server.start()
  await expectRemembered(server.url())
  await server.stop()
  expect(bystander.exitCode ?? bystander.signalCode).toBeNull()
  bystander.kill()
})

test('a name that points to a removed cluster, or to none, stops the start with an explanation', async () => {
  const dataDir = await directories.make()
  await mkdir(dataDir)
  await symlink(join(dataDir, 'gone'), join(dataDir, 'postgres'))
  await expect(servers.start(dataDir)).rejects.toThrow('points to a directory that is gone')
  await rm(join(dataDir, 'postgres'))
  await mkdir(join(dataDir, 'postgres'))
  expect((await servers.start(dataDir)).isFirstUse).toBe(true)
  await servers.stopAll()
  await writeFile(join(dataDir, 'postgres/PG_VERSION'), '17\n')
  await expect(servers.start(dataDir)).rejects.toThrow('was made by PostgreSQL 17')
})

test.runIf(isRoot)(
  'below a directory that only root can enter the cluster is elsewhere, and is removed with its symlink',
  async () => {
    const dataDir = await directories.make({ mode: 0o700 })
    const server = await servers.start(dataDir)
    await remember(server.url())
    expect((await lstat(join(dataDir, 'postgres'))).isSymbolicLink()).toBe(true)
    expect(await isRunning(await postmasterPid(dataDir))).toBe(true)
    await server.stop()
    await server.start()
    await expectRemembered(server.url())
  },
)

test.runIf(isRoot)(
  'a checkout that only root can enter is copied, with the library links that npm did not make',
  async () => {
    const dataDir = await directories.make({ mode: 0o700 })
    const checkout = await makeCheckout(dirname(dataDir), await openCheckout.for(NOBODY))
    const before = await listCopies()
    const child = startProcess({ dataDir, checkout })
    await remember((await child.ready()).url)
    await child.stop()
    const copies = await listCopies()
    expect(copies).toHaveLength(1)
    // Only the one that this test has caused: a service on this machine may run from another.
    for (const copy of copies.filter((name) => !before.includes(name))) await rm(copy, { recursive: true })
  },
)

test.runIf(isRoot)('an ordinary user runs everything under its own account and in place', async () => {
  const dataDir = await directories.make({ mode: 0o700, owner: NOBODY })
  const child = startProcess({ dataDir, user: NOBODY, checkout: await openCheckout.for(NOBODY) })
  await remember((await child.ready()).url)
  expect((await stat(join(dataDir, 'postgres'))).uid).toBe(NOBODY.uid)
  await child.stop()
})

test.runIf(isRoot)(
  'an ordinary user whose packages lack the library links, and may not be written, gets a copy',
  async () => {
    const dataDir = await directories.make({ owner: NOBODY })
    const checkout = await makeCheckout(dirname(dataDir), await openCheckout.for(NOBODY))
    const child = startProcess({ dataDir, checkout, user: NOBODY })
    await remember((await child.ready()).url)
    expect(await readdir(dataDir)).toContainEqual(expect.stringMatching(/^postgresql-/))
    await child.stop()
  },
)

test.runIf(isRoot)('an ordinary user is told when the cluster belongs to another account', async () => {
  const dataDir = await directories.make()
  await (await servers.start(dataDir)).stop()
  const other = { uid: 1, gid: 1 }
  const child = startProcess({ dataDir, user: other, checkout: await openCheckout.for(other) })
  await expect(child.ready()).rejects.toThrow('belongs to uid 65534')
})
