import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** The account that PostgreSQL's programs run under, where it is not our own. */
export interface RunUser {
  readonly uid: number
  readonly gid: number
}

const execute = promisify(execFile)

/**
 * Nothing of our own environment: it holds secrets that other programs need not see, and variables such as PGDATA or
 * LC_ALL that would change what PostgreSQL's programs do.
 */
export const PROGRAM_ENV = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' }

/** The run user may be unable to enter our own working directory, which PostgreSQL's programs take as an error. */
export const PROGRAM_DIR = '/'

/**
 * Runs a program to its end and returns its standard output. Rejects, with what it wrote to standard error, when
 * it fails.
 */
export async function runProgram(file: string, args: readonly string[], user: RunUser | undefined): Promise<string> {
  const { stdout } = await execute(file, args, { ...user, cwd: PROGRAM_DIR, env: PROGRAM_ENV })
  return stdout
}
