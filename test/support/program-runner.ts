import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { programArguments, sourceArguments } from '@tidings/harness/program.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface ProgramResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts the service with this environment and nothing else of ours, and waits until it has ended by itself. */
export const runServiceToEnd = (env: Readonly<Record<string, string>>) =>
  runProgram('server/main.ts', [], { TAPIS_SERVICE_PORT: '0', ...env })

/** Runs a program of the service, named by its TypeScript file, to its end. Killed after 170 s. */
export const runProgram = (file: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
  runToEnd([...programArguments(file), ...args], env)

/** The same for a program that belongs to the checkout, not to the service: it uses files beside its source. */
export const runFromSources = (file: string, args: readonly string[] = []) =>
  runToEnd([...sourceArguments(file), ...args], {})

async function runToEnd(args: readonly string[], env: Readonly<Record<string, string>>): Promise<ProgramResult> {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 170_000,
    killSignal: 'SIGKILL',
  })
  const code = new Promise<number | null>((resolve) => void child.once('close', resolve))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await code, stdout, stderr }
}
