import { execFileSync } from 'node:child_process'
import { closeSync, constants, createReadStream, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { createDataDirectories } from './support/data-directories.ts'
import { openRaw } from './support/raw-http.ts'
import { startRawService } from './support/raw-service-process.ts'

const directories = createDataDirectories()

afterEach(() => directories.removeAll())

/** More lines than pipe and service keep: one for each request, some 180 bytes. */
const REQUESTS = 10_000

async function fill(url: string): Promise<void> {
  await Promise.all(Array.from({ length: 20 }, () => sendAtOnce(url, REQUESTS / 20)))
}

/** So many requests on one connection, none of which waits for the response to the one before. */
async function sendAtOnce(url: string, count: number): Promise<void> {
  const { socket, received } = await openRaw(url)
  socket.write(`GET /v3/notifications/healthcheck HTTP/1.1\r\nHost: ${new URL(url).host}\r\n\r\n`.repeat(count))
  await vi.waitFor(
    () => {
      const answers = received().split('HTTP/1.1 200 ').length - 1
      if (answers < count) throw new Error(`${answers} of ${count} responses`)
    },
    { timeout: 20_000, interval: 50 },
  )
  socket.destroy()
}

test(
  'a log reader that stalls blocks nothing; when it is back it gets whole lines and the number of missing ones',
  { timeout: 120_000 },
  async () => {
    const dataDir = await directories.make()
    const path = join(dirname(dataDir), 'log')
    execFileSync('mkfifo', [path])
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const writer = openSync(path, constants.O_WRONLY)
    const service = startRawService({ dataDir, env: { LOG_LEVEL: 'debug' }, stdio: ['pipe', writer] })
    closeSync(writer)
    await fill(await service.ready())
    let text = ''
    createReadStream('', { fd: openSync(path, constants.O_RDONLY), encoding: 'utf8' }).on(
      'data',
      (piece) => void (text += String(piece)),
    )
    closeSync(reader)
    await vi.waitFor(() => expect(text).toContain('log lines dropped'), { timeout: 20_000 })
    process.kill(service.pid, 'SIGTERM')
    expect(await service.ended).toBe(0)
    await vi.waitFor(() => expect(text).toContain('"stopped"'))
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { dropped?: number; msg: string })
    const dropped = lines.reduce((sum, line) => sum + (line.dropped ?? 0), 0)
    expect(dropped).toBeGreaterThan(0)
    expect(dropped + lines.filter(({ msg }) => msg === 'answered').length).toBeGreaterThanOrEqual(REQUESTS)
  },
)

test.each(['stalls', 'is gone'])(
  'a service whose log reader %s (a socket) works and stops gracefully',
  { timeout: 120_000 },
  async (what) => {
    const dataDir = await directories.make()
    const service = startRawService({ dataDir, env: { LOG_LEVEL: 'debug' } })
    const url = await service.ready()
    if (what === 'stalls') service.child.stderr?.pause()
    else service.child.stderr?.destroy()
    await fill(url)
    process.kill(service.pid, 'SIGTERM')
    expect(await service.ended).toBe(0)
  },
)

test('a full disk for the log is survived', { timeout: 120_000 }, async () => {
  const full = openSync('/dev/full', 'w')
  const service = startRawService({ dataDir: await directories.make(), stdio: ['pipe', full] })
  closeSync(full)
  expect((await fetch(`${await service.ready()}/v3/notifications/healthcheck`)).status).toBe(200)
  process.kill(service.pid, 'SIGTERM')
  expect(await service.ended).toBe(0)
})
