import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { programArguments } from '@tidings/harness/program.ts'
import { onTestFinished, vi } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface RawProcessOptions {
  readonly dataDir: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdio?: readonly ['ignore' | 'pipe' | number, 'ignore' | 'pipe' | number]
}

/**
 * The service in a process group of its own, signalled whenever the test likes, with any standard output and error. One
 * that still runs when the test is over is stopped.
 */
export function startRawService({ dataDir, env = {}, stdio: [output, error] = ['pipe', 'pipe'] }: RawProcessOptions) {
  const child = spawn(process.execPath, programArguments('server/main.ts', { preload: 'server/runtime/preload.ts' }), {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', output, error],
    env: {
      PATH: process.env.PATH,
      TIDINGS_DATA_DIR: dataDir,
      TAPIS_SERVICE_PORT: '0',
      TIDINGS_CANARY_INTERVAL_S: '0',
      ...env,
    },
  })
  const said = collect(child.stdout)
  const log = collect(child.stderr)
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  onTestFinished(async () => {
    if (child.kill('SIGTERM')) await ended
  })
  return {
    child,
    ended,
    log,
    pid: child.pid ?? 0,
    ready: () =>
      vi.waitFor(
        () => {
          const [, url] = /^ready (\S+)\n/m.exec(said()) ?? []
          if (url === undefined) throw new Error(`not ready: ${log().slice(-2000)}`)
          return url
        },
        { timeout: 60_000, interval: 20 },
      ),
    signalGroup: (name: NodeJS.Signals) => void process.kill(-(child.pid ?? 0), name),
  }
}

function collect(stream: ChildProcess['stdout']): () => string {
  let text = ''
  stream?.setEncoding('utf8').on('data', (piece: string) => void (text += piece))
  return () => text
}

/** Command lines of the processes that name this directory; ours and node's do not. */
export async function processesOn(dataDir: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return lines.map((line) => line.replaceAll('\0', ' ')).filter((line) => line.includes(dataDir))
}
