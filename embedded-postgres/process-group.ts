import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import { text } from 'node:stream/consumers'
import { EmbeddedServerError } from './embedded-server-error.ts'
import { hasCode } from './system-error.ts'
import { PROGRAM_DIR, PROGRAM_ENV, type RunUser } from './run-program.ts'

const LINES_SHOWN = 8

export interface ProcessGroupOptions {
  readonly user: RunUser | undefined
  /** Ends it with all that it has started; the call then rejects with the signal's reason. */
  readonly signal: AbortSignal
}

/**
 * Runs a program that starts others, to its end. It has a session of its own, so that a terminal's signals reach it by
 * us only, and none of it is left when we end. Rejects, with what it said last, when it fails.
 */
export async function runInProcessGroup(
  file: string,
  args: readonly string[],
  { user, signal }: ProcessGroupOptions,
): Promise<void> {
  signal.throwIfAborted()
  const child = spawn(file, args, {
    ...user,
    cwd: PROGRAM_DIR,
    env: PROGRAM_ENV,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const end = () => endGroup(child.pid)
  process.on('exit', end)
  signal.addEventListener('abort', end)
  try {
    // Closed when the last of them is gone, for they all have the pipe.
    const [closed, said] = await Promise.all([once(child, 'close'), text(child.stderr)])
    signal.throwIfAborted()
    if (closed[0] !== 0)
      throw new EmbeddedServerError(
        `${basename(file)} failed:\n${said.trimEnd().split('\n').slice(-LINES_SHOWN).join('\n')}`,
      )
  } finally {
    process.off('exit', end)
    signal.removeEventListener('abort', end)
  }
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (!hasCode(error, 'ESRCH', 'EPERM')) throw error
  }
}
