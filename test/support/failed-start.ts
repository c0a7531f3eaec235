import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface ProgramEnd {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts the service with this environment and nothing else of ours, and waits until it has ended by itself. */
export const runService = (env: Readonly<Record<string, string>>) => runProgram('server/main.ts', [], { TAPIS_SERVICE_PORT: '0', ...env })

/** Runs a TypeScript program of this checkout to its end. Killed after 50 s. */
export async function runProgram(file: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<ProgramEnd> {
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], {
    cwd: ROOT, env: { PATH: process.env.PATH ?? '', ...env }, stdio: ['ignore', 'pipe', 'pipe'], timeout: 50_000, killSignal: 'SIGKILL',
  })
  const code = new Promise<number | null>((resolve) => void child.once('close', resolve))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await code, stdout, stderr }
}
