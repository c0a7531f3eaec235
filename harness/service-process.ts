import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startDeadline } from '@tidings/server/runtime/deadline.ts'

const OUR_ROOT = fileURLToPath(new URL('..', import.meta.url))
const START_LIMIT_MS = 60_000

export interface ServiceOptions {
  readonly dataDir: string
  /** Of the source tree that the service is started from; this one unless given. */
  readonly root?: string
  /** Beside the environment of this process. An undefined value removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The account that it runs under; this process's unless given. */
  readonly uid?: number
  /** Each line of the service's log. */
  readonly onLog?: (line: string) => void
  /** Each line on standard output, the "ready" too. */
  readonly onOutput?: (line: string) => void
  /** In a process group of its own, as a shell starts it, so that `signalGroup` reaches all of it and nothing else. */
  readonly ownGroup?: boolean
  /** Ends a start that is under way (SIGTERM), which rejects when the process is gone. Without effect afterwards. */
  readonly signal?: AbortSignal
}

/** The service as an operator runs it: a process of its own, known by its one line on standard output. */
export interface ServiceProcess {
  /** e.g. `http://127.0.0.1:8080` */
  readonly url: string
  readonly pid: number
  /** The process id of the embedded PostgreSQL, from its postmaster.pid. */
  postgresPid(): Promise<number>
  /** Signals the node process alone, and waits until it is gone. Answers its exit code, null after a signal that killed it. */
  end(signal: NodeJS.Signals): Promise<number | null>
  /** Resolves when the process is gone, however it went. */
  readonly exited: Promise<void>
  /** Signals without waiting. */
  signal(signal: NodeJS.Signals): void
  /** Signals every process of its group, as a terminal does at Ctrl-C. Only with `ownGroup`. */
  signalGroup(signal: NodeJS.Signals): void
  /** Resolves when it is gone and all that it wrote was read. Answers as `end` does. */
  readonly ended: Promise<number | null>
}

/** Starts the service and waits for its "ready". Rejects with what it said on standard error when it ends before. */
export async function startService({ dataDir, root = OUR_ROOT, uid, env = {}, onLog, onOutput, ownGroup = false, signal }: ServiceOptions): Promise<ServiceProcess> {
  signal?.throwIfAborted()
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'server', 'main.ts')], {
    cwd: root,
    env: { ...process.env, TAPIS_SERVICE_PORT: '0', TIDINGS_DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: ownGroup,
    ...(uid !== undefined && { uid, gid: uid }),
  })
  const ended = new Promise<number | null>((resolve) => void child.once('close', resolve))
  const cutShort = () => void child.kill('SIGTERM')
  signal?.addEventListener('abort', cutShort)
  const exited = new Promise<void>((resolve) => void child.once('exit', () => resolve()))
  const url = await readyLine(child, onLog, onOutput).finally(() => signal?.removeEventListener('abort', cutShort))
  return {
    url,
    pid: child.pid ?? 0,
    exited,
    postgresPid: async () => Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n', 1)[0]),
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

async function readyLine(child: ChildProcess, onLog: ServiceOptions['onLog'], onOutput: ServiceOptions['onOutput']): Promise<string> {
  const { stdout, stderr } = child
  if (!stdout || !stderr) throw new Error('the service has no pipes')
  const said: string[] = []
  createInterface({ input: stderr }).on('line', (line) => {
    said.push(line)
    if (said.length > 50) said.shift()
    onLog?.(line)
  })
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error(`the service did not start (exit code ${String(child.exitCode)}):\n${said.join('\n')}`))
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
