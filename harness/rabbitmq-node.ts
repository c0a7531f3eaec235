import { spawn, execFile, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { runWithin } from '@tidings/server/runtime/within.ts'
import { findFreePort } from './free-port.ts'

const START_LIMIT_MS = 60_000
const END_LIMIT_MS = 10_000
const POLL_MS = 50
const MAX_STARTS = 3

export interface RabbitMqNodeOptions {
  /** For its data, logs and cookie; created if missing. */
  readonly directory: string
  /** Lines of rabbitmq.conf in addition to the node's own, e.g. `consumer_timeout = 5000`. */
  readonly config?: readonly string[]
}

/** A private RabbitMQ node with its own ports and files, independent of any other on the machine. */
export interface RabbitMqNode {
  /** e.g. `amqp://guest:guest@127.0.0.1:40123` */
  readonly url: string
  /** Kills it with SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>
  /** Starts it again with the same ports and data. Resolves when it responds. */
  start(): Promise<void>
  /** Suspends it with SIGSTOP: connections stay open, nothing is sent. */
  pause(): void
  /** Resumes it with SIGCONT. */
  resume(): void
  /** Runs rabbitmqctl with these arguments. Returns what it prints. */
  rabbitmqctl(...args: readonly string[]): Promise<string>
  /** Ends it and what it started, and removes its files. Does nothing if that is done already. */
  remove(): Promise<void>
}

/** Returns the directory of RabbitMQ's programs: TIDINGS_RABBITMQ_BIN, the Debian package's, or one of the PATH. */
export function findRabbitMq(): string | undefined {
  // Debian's programs on the PATH are wrappers that change the user, so the real ones come first.
  const places = [
    process.env['TIDINGS_RABBITMQ_BIN'],
    '/usr/lib/rabbitmq/bin',
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/local/sbin',
    '/opt/homebrew/sbin',
  ]
  return places.find((place) => place !== undefined && place !== '' && existsSync(join(place, 'rabbitmq-server')))
}

/** Starts a node and waits until it responds, which takes some seconds. Rejects if RabbitMQ is not installed. */
export async function startRabbitMqNode(options: RabbitMqNodeOptions): Promise<RabbitMqNode> {
  for (let starts = 1; ; starts += 1) {
    try {
      return await startOnFreePorts(options)
    } catch (error) {
      // Another process took one of the ports between the look and the start.
      if (starts === MAX_STARTS || !String(error).includes('port_already_used')) throw error
    }
  }
}

async function startOnFreePorts({ directory, config = [] }: RabbitMqNodeOptions): Promise<RabbitMqNode> {
  const programs = findRabbitMq()
  if (programs === undefined)
    throw new Error(
      'RabbitMQ is not installed: rabbitmq-server is not on the PATH (TIDINGS_RABBITMQ_BIN may name its directory)',
    )
  const [port, distributionPort, epmdPort] = await Promise.all([findFreePort(), findFreePort(), findFreePort()])
  const env = environmentOf(directory, { distributionPort, epmdPort })
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'enabled_plugins'), '[].\n')
  await writeFile(
    join(directory, 'rabbitmq.conf'),
    [`listeners.tcp.1 = 127.0.0.1:${port}`, 'loopback_users = none', ...config, ''].join('\n'),
  )
  let server: ChildProcess | undefined

  async function start(): Promise<void> {
    // In its own process group, so that one signal reaches the shell scripts, the emulator and its helpers.
    const started = spawn(join(programs ?? '', 'rabbitmq-server'), [], {
      cwd: directory,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    server = started
    const output = collectOutput(started)
    await runWithin(START_LIMIT_MS, (signal) => waitUntilReady(port, started, signal)).catch(async (error: unknown) => {
      await killAndWait(started)
      throw new Error(`RabbitMQ did not start: ${output()}`, { cause: error })
    })
  }

  const control = async (...args: readonly string[]) =>
    (await promisify(execFile)(join(programs, 'rabbitmqctl'), ['--quiet', ...args], { env })).stdout

  async function kill(): Promise<void> {
    if (server) await killAndWait(server)
    server = undefined
  }

  async function remove(): Promise<void> {
    await kill()
    await endPortMapper(env)
    // Its helper programs may still write while they end.
    await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }

  const node: RabbitMqNode = {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    kill,
    start,
    pause: () => signalGroup(server, 'SIGSTOP'),
    resume: () => signalGroup(server, 'SIGCONT'),
    rabbitmqctl: control,
    remove,
  }
  await start().catch(async (error: unknown) => {
    await remove()
    throw error
  })
  return node
}

/** Returns the environment that separates this node from any other on the machine. */
function environmentOf(
  directory: string,
  { distributionPort, epmdPort }: { distributionPort: number; epmdPort: number },
): NodeJS.ProcessEnv {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(RABBITMQ|ERL)_/.test(name)))
  return {
    ...inherited,
    HOME: directory,
    RABBITMQ_NODENAME: `tidings-${distributionPort}@localhost`,
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_CONFIG_FILE: join(directory, 'rabbitmq.conf'),
    RABBITMQ_CONF_ENV_FILE: join(directory, 'no-environment-file'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(directory, 'data'),
    RABBITMQ_LOG_BASE: join(directory, 'log'),
    RABBITMQ_PID_FILE: join(directory, 'pid'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 2:2',
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
  }
}

/**
 * Ends epmd, which the node has started on a port of its own and which outlives it. It refuses to end while it believes
 * that the node is alive.
 */
async function endPortMapper(env: NodeJS.ProcessEnv): Promise<void> {
  await runWithin(END_LIMIT_MS, async (signal) => {
    const runEpmd = (what: string) =>
      promisify(execFile)('epmd', [what], { env }).then(
        () => true,
        () => false,
      )
    while (await runEpmd('-names')) {
      await runEpmd('-kill')
      await delay(POLL_MS, undefined, { signal })
    }
  })
}

/** Returns a function that returns the last 4,000 characters of its output. */
function collectOutput(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (part: string) => {
      text = (text + part).slice(-4000)
    })
  return () => text
}

/** Waits for the first frame of the protocol: a node accepts connections before it is ready. */
async function waitUntilReady(port: number, child: ChildProcess, signal: AbortSignal): Promise<void> {
  while (!(await isResponding(port))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('it ended')
    await delay(POLL_MS, undefined, { signal })
  }
}

const isResponding = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => void socket.write('AMQP\0\0\x09\x01'))
    const end = (hasAnswered: boolean) => {
      socket.destroy()
      resolve(hasAnswered)
    }
    socket.once('data', () => end(true))
    socket.once('error', () => end(false))
    socket.once('close', () => end(false))
  })

async function killAndWait(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  signalGroup(child, 'SIGKILL')
  await gone
}

function signalGroup(child: ChildProcess | undefined, signal: NodeJS.Signals): void {
  if (child?.pid !== undefined) process.kill(-child.pid, signal)
}
