import { spawn, execFile, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { withLimit } from '@tidings/server/runtime/limit.ts'
import { findFreePort } from './free-port.ts'

const START_LIMIT_MS = 60_000
const END_LIMIT_MS = 10_000
const LOOK_MS = 50

export interface RabbitMqNodeOptions {
  /** For its data, logs and cookie; made when it is not there. */
  readonly directory: string
  /** Lines of rabbitmq.conf beside the node's own, e.g. `consumer_timeout = 5000`. */
  readonly config?: readonly string[]
}

/** A RabbitMQ of one's own: a node with its own ports and files, beside whatever else runs on the machine. */
export interface RabbitMqNode {
  /** e.g. `amqp://guest:guest@127.0.0.1:40123` */
  readonly url: string
  /** kill -9. Resolves when it is gone. */
  kill(): Promise<void>
  /** Starts it again, on the same ports and data. Resolves when it answers. */
  start(): Promise<void>
  /** SIGSTOP: connections stay open, nothing is answered. */
  freeze(): void
  /** SIGCONT */
  thaw(): void
  /** rabbitmqctl with these arguments. Answers what it prints. */
  control(...args: readonly string[]): Promise<string>
  /** Ends it and what it started, and removes its files. Harmless when it is gone. */
  remove(): Promise<void>
}

/** Where the programs of RabbitMQ are: TIDINGS_RABBITMQ_BIN, the Debian package's, or the PATH. Undefined: nowhere. */
export function findRabbitMq(): string | undefined {
  // Debian's programs on the PATH are wrappers that change the user; the real ones come first.
  const places = [process.env['TIDINGS_RABBITMQ_BIN'], '/usr/lib/rabbitmq/bin', ...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/opt/homebrew/sbin']
  return places.find((place) => place !== undefined && place !== '' && existsSync(join(place, 'rabbitmq-server')))
}

/** Starts a node and waits until it answers, which takes some seconds. Throws when RabbitMQ is not installed. */
export async function startRabbitMqNode({ directory, config = [] }: RabbitMqNodeOptions): Promise<RabbitMqNode> {
  const programs = findRabbitMq()
  if (programs === undefined) throw new Error('RabbitMQ is not installed: rabbitmq-server is not on the PATH (TIDINGS_RABBITMQ_BIN may name its directory)')
  const [port, distributionPort, epmdPort] = await Promise.all([findFreePort(), findFreePort(), findFreePort()])
  const env = environmentOf(directory, { distributionPort, epmdPort })
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'enabled_plugins'), '[].\n')
  await writeFile(join(directory, 'rabbitmq.conf'), [`listeners.tcp.1 = 127.0.0.1:${port}`, 'loopback_users = none', ...config, ''].join('\n'))
  let server: ChildProcess | undefined

  async function start(): Promise<void> {
    // In a group of its own, so that one signal reaches the shell scripts, the emulator and its helpers.
    const started = spawn(join(programs ?? '', 'rabbitmq-server'), [], { cwd: directory, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    server = started
    const said = collect(started)
    await withLimit(START_LIMIT_MS, (signal) => untilItAnswers(port, started, signal)).catch(async (error: unknown) => {
      await killAndWait(started)
      throw new Error(`RabbitMQ did not start: ${said()}`, { cause: error })
    })
  }

  const control = async (...args: readonly string[]) => (await promisify(execFile)(join(programs, 'rabbitmqctl'), ['--quiet', ...args], { env })).stdout

  async function kill(): Promise<void> {
    if (server) await killAndWait(server)
    server = undefined
  }

  async function remove(): Promise<void> {
    await kill()
    await endPortMapper(env)
    await rm(directory, { recursive: true, force: true })
  }

  const node: RabbitMqNode = {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    kill,
    start,
    freeze: () => signalGroup(server, 'SIGSTOP'),
    thaw: () => signalGroup(server, 'SIGCONT'),
    control,
    remove,
  }
  await start().catch(async (error: unknown) => {
    await remove()
    throw error
  })
  return node
}

/** All that tells this node from another on the machine. */
function environmentOf(directory: string, { distributionPort, epmdPort }: { distributionPort: number; epmdPort: number }): NodeJS.ProcessEnv {
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
 * epmd, which the node has started on a port of its own and which outlives it. It refuses to end as long as it thinks that
 * the node lives.
 */
async function endPortMapper(env: NodeJS.ProcessEnv): Promise<void> {
  await withLimit(END_LIMIT_MS, async (signal) => {
    const asked = (what: string) => promisify(execFile)('epmd', [what], { env }).then(() => true, () => false)
    while (await asked('-names')) {
      await asked('-kill')
      await delay(LOOK_MS, undefined, { signal })
    }
  })
}

/** The last that it said. */
function collect(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (part: string) => {
    text = (text + part).slice(-4000)
  })
  return () => text
}

/** A connection is accepted before the node is open for work, so it is asked for its first frame. */
async function untilItAnswers(port: number, child: ChildProcess, signal: AbortSignal): Promise<void> {
  while (!(await answers(port))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('it ended')
    await delay(LOOK_MS, undefined, { signal })
  }
}

const answers = (port: number) => new Promise<boolean>((resolve) => {
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
