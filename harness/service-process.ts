import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startDeadline } from '@tidings/server/runtime/deadline.ts'
import { required } from '@tidings/server/runtime/required.ts'
import { programArguments, SERVICE_FLAGS } from './program.ts'

const OUR_ROOT = fileURLToPath(new URL('..', import.meta.url))
const START_LIMIT_MS = 60_000

export interface ServiceOptions {
  readonly dataDir: string
  /** Root of the source tree to start the service from; this one unless given. */
  readonly root?: string
  /** Arguments of Node.js that start it, from `root`; those of `programArguments` unless given. */
  readonly program?: readonly string[]
  /** The Node.js that runs it; that of this process unless given. */
  readonly node?: string
  /** Added to the environment of this process. An undefined value removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The account to run it under; that of this process unless given. */
  readonly uid?: number
  /** Gets each line of the service's log. */
  readonly onLog?: (line: string) => void
  /** Gets each line on standard output, including "ready". */
  readonly onOutput?: (line: string) => void
  /** Starts it in its own process group, as a shell does, so that `signalGroup` reaches all of it and nothing else. */
  readonly ownGroup?: boolean
  /** Ends a start in progress (SIGTERM), which then rejects when the process is gone. Without effect afterwards. */
  readonly signal?: AbortSignal
}

/** The service as an operator runs it: a process of its own that prints one line when it is ready. */
export interface ServiceProcess {
  /** e.g. `http://127.0.0.1:8080` */
  readonly url: string
  readonly pid: number
  /** Returns the process id of the embedded PostgreSQL, from its postmaster.pid. */
  postgresPid(): Promise<number>
  /**
   * Sends a signal to the node process alone, and waits until it is gone. Returns its exit code; null if the signal
   * killed it.
   */
  end(signal: NodeJS.Signals): Promise<number | null>
  /** Resolves when the process is gone, however it ended. */
  readonly exited: Promise<void>
  /** Sends a signal without waiting. */
  signal(signal: NodeJS.Signals): void
  /** Sends a signal to every process of its group, as a terminal does at Ctrl-C. Only with `ownGroup`. */
  signalGroup(signal: NodeJS.Signals): void
  /** Resolves as `end` does, when the process is gone and all its output was read. */
  readonly ended: Promise<number | null>
}

/** Starts the service and waits for its "ready". If it ends before that, rejects with its standard error. */
export async function startService({
  dataDir,
  root = OUR_ROOT,
  program = [...SERVICE_FLAGS, ...programArguments('server/main.ts', { root })],
  node = process.execPath,
  uid,
  env = {},
  onLog,
  onOutput,
  ownGroup = false,
  signal,
}: ServiceOptions): Promise<ServiceProcess> {
  signal?.throwIfAborted()
  const child = spawn(node, program, {
    cwd: root,
    env: { ...process.env, TAPIS_SERVICE_PORT: '0', TIDINGS_DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: ownGroup,
    ...(uid !== undefined && { uid, gid: uid }),
  })
  const ended = new Promise<number | null>((resolve) => void child.once('close', resolve))
  const terminate = () => void child.kill('SIGTERM')
  signal?.addEventListener('abort', terminate)
  const exited = new Promise<void>((resolve) => void child.once('exit', () => resolve()))
  const url = await readyLine(child, onLog, onOutput).finally(() => signal?.removeEventListener('abort', terminate))
  return {
    url,
    pid: required(child.pid, 'a service that is ready has a process id'),
    exited,
    postgresPid: async () =>
      Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n', 1)[0]),
    signal: (name) => void child.kill(name),
    signalGroup(name) {
      if (!ownGroup || child.pid === undefined) throw new Error('the service has no process group of its own')
      process.kill(-child.pid, name)
    },
    ended,
    async end(name) {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      const exit = once(child, 'exit')
      child.kill(name)
      await exit
      return child.exitCode
    },
  }
}

async function readyLine(
  child: ChildProcess,
  onLog: ServiceOptions['onLog'],
  onOutput: ServiceOptions['onOutput'],
): Promise<string> {
  const { stdout, stderr } = child
  if (!stdout || !stderr) throw new Error('the service has no pipes')
  const lastLines: string[] = []
  createInterface({ input: stderr }).on('line', (line) => {
    lastLines.push(line)
    if (lastLines.length > 50) lastLines.shift()
    onLog?.(line)
  })
  return new Promise((resolve, reject) => {
    const fail = () =>
      reject(new Error(`the service did not start (exit code ${String(child.exitCode)}):\n${lastLines.join('\n')}`))
    const cancelLimit = startDeadline(START_LIMIT_MS, () => {
      child.kill('SIGKILL')
      fail()
    })
    child.once('exit', () => {
      cancelLimit()
      fail()
    })
    createInterface({ input: stdout }).on('line', (line) => {
      onOutput?.(line)
      const [, where] = /^ready (\S+)$/.exec(line) ?? []
      if (where === undefined) return
      cancelLimit()
      resolve(where)
    })
  })
}
