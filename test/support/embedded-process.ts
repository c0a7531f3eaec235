import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { programArguments } from '@tidings/harness/program.ts'
import { vi } from 'vitest'

export interface Ready {
  readonly url: string
  readonly isFirstUse: boolean
}

export interface EmbeddedProcess {
  /** Rejects when the server does not start. */
  ready(): Promise<Ready>
  /** Waits for this line of the process. */
  told(kind: string): Promise<void>
  /** Signals the whole process group, as a terminal does. */
  signalGroup(signal: NodeJS.Signals): void
  kill(): Promise<void>
  /** Stops the server by the front door. */
  stop(): Promise<void>
}

export interface ProcessOptions {
  readonly dataDir: string
  readonly user?: { readonly uid: number; readonly gid: number }
  /** Where to take the code from, when not from this checkout. */
  readonly checkout?: string
}

/** Starts `embedded-server-program.ts` in a process group of its own. */
export function startProcess({ dataDir, user, checkout }: ProcessOptions): EmbeddedProcess {
  const child = spawn(
    process.execPath,
    [...programArguments('test/support/embedded-server-program.ts', { root: checkout }), dataDir],
    {
      ...user,
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  const messages: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => messages.push(line))
  const find = (kind: string) => messages.find((line) => line.includes(`"kind":"${kind}"`))

  const wait = (kind: string) =>
    vi.waitFor(
      () => {
        const message = find(kind)
        if (message === undefined) throw new Error(`not yet ${kind}; so far: ${messages.join()}`)
        return message
      },
      { timeout: 20_000, interval: 20 },
    )

  return {
    async ready() {
      const line = await Promise.any([wait('ready'), wait('failed')])
      if (line === find('failed')) throw new Error(line)
      return toReady(JSON.parse(line))
    },
    async told(kind) {
      await wait(kind)
    },
    signalGroup: (signal) => void process.kill(-pidOf(child), signal),
    async kill() {
      child.kill('SIGKILL')
      await ended(child)
    },
    async stop() {
      child.stdin.write('stop\n')
      await ended(child)
    },
  }
}

function toReady(message: unknown): Ready {
  if (typeof message !== 'object' || message === null || !('url' in message) || !('isFirstUse' in message))
    throw new Error('the process said something else')
  return { url: String(message.url), isFirstUse: message.isFirstUse === true }
}

/** The pid that the cluster of a data directory says its postmaster has. */
export async function postmasterPid(dataDir: string): Promise<number> {
  return Number((await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0])
}

/** False for a zombie too. */
export async function isRunning(pid: number): Promise<boolean> {
  return readFile(`/proc/${pid}/cmdline`, 'utf8').then(
    (words) => words !== '',
    () => false,
  )
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('not started')
  return child.pid
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
