import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { runWithin } from '@tidings/server/runtime/within.ts'
import { findFreePort } from '../../free-port.ts'

const START_LIMIT_MS = 10_000
const POLL_MS = 20

/** How much survives a crash: nothing, or everything that was acknowledged. */
export type RedisPersistence = 'none' | 'fsync-always'

export const REDIS_SETTINGS: Readonly<Record<RedisPersistence, string>> = {
  none: 'appendonly no, save ""',
  'fsync-always': 'appendonly yes, appendfsync always, save ""',
}

const ARGUMENTS: Readonly<Record<RedisPersistence, readonly string[]>> = {
  none: ['--appendonly', 'no'],
  'fsync-always': ['--appendonly', 'yes', '--appendfsync', 'always'],
}

export interface RedisServer {
  readonly port: number
  readonly pid: number | undefined
  stop(): Promise<void>
}

/** Returns the version of the redis-server on the PATH; undefined if there is none. */
export const redisVersion = (): Promise<string | undefined> =>
  promisify(execFile)('redis-server', ['--version']).then(
    ({ stdout }) => /v=(\S+)/.exec(stdout)?.[1] ?? stdout.trim(),
    () => undefined,
  )

/** Starts a server of its own with its files in `directory`. */
export async function startRedis(directory: string, persistence: RedisPersistence): Promise<RedisServer> {
  const port = await findFreePort()
  const files = join(directory, 'redis')
  await mkdir(files)
  const fixed = ['--bind', '127.0.0.1', '--port', String(port), '--dir', files, '--save', '', '--loglevel', 'warning']
  const child = spawn('redis-server', [...fixed, ...ARGUMENTS[persistence]], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  await runWithin(START_LIMIT_MS, async (signal) => {
    while (!(await isListening(port))) await delay(POLL_MS, undefined, { signal })
  })
  return {
    port,
    pid: child.pid,
    async stop() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (isThere: boolean) => {
      socket.destroy()
      resolve(isThere)
    }
    socket.once('connect', () => end(true)).once('error', () => end(false))
  })
}
