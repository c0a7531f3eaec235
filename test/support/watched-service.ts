import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { programArguments } from '@tidings/harness/program.ts'
import { onTestFinished, vi } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** A start that may never come to its end. Killed when the test is over. */
export interface WatchedService {
  /** Lines on standard error so far. */
  readonly log: readonly string[]
  /** Lines on standard output so far. */
  readonly output: readonly string[]
  /** Lines of the log with this message. */
  logged(message: string): readonly Readonly<Record<string, unknown>>[]
  /** Resolves with the first line of the log with this message. */
  waitForLog(message: string): Promise<Readonly<Record<string, unknown>>>
  isReady(): Promise<void>
  /** Asks it to stop; resolves with its exit code. */
  end(): Promise<number | null>
}

/** Starts the service with this environment and nothing else of ours. */
export function startWatchedService(env: Readonly<Record<string, string>>): WatchedService {
  const child = spawn(process.execPath, programArguments('server/main.ts'), {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', TAPIS_SERVICE_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const gone = new Promise<number | null>((resolve) => void child.once('close', resolve))
  const log: string[] = []
  const output: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => void log.push(line))
  createInterface({ input: child.stdout }).on('line', (line) => void output.push(line))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await gone
  })
  const said = (message: string) => log.map(entryOf).filter(({ msg }) => msg === message)
  const wait = <T>(look: () => T) => vi.waitFor(look, { timeout: 60_000, interval: 20 })
  return {
    log,
    output,
    logged: said,
    waitForLog: (message) =>
      wait(() => {
        const [line] = said(message)
        if (!line) throw new Error(`not logged: ${message}\n${log.join('\n')}`)
        return line
      }),
    isReady: () =>
      wait(() => {
        if (!output.some((line) => line.startsWith('ready '))) throw new Error(`not ready\n${log.join('\n')}`)
      }),
    end() {
      child.kill('SIGTERM')
      return gone
    },
  }
}

function entryOf(line: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>
  } catch {
    // a line that is not of the log
    return {}
  }
}
