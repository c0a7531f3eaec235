import { readFile } from 'node:fs/promises'
import { platform } from 'node:process'
import { hasCode } from './system-error.ts'
import { runProgram } from './run-program.ts'

/**
 * `ours`: a postmaster that was started on this cluster. `maybe`: some postmaster, perhaps started by hand with another
 * spelling of the path; only a connection can tell. `none`: gone, a zombie, or another program that got the pid since.
 */
export type PostmasterMatch = 'ours' | 'maybe' | 'none'

/** Judges a pid by its command line, which every account may read, unlike its working directory or its program file. */
export async function identifyPostmaster(pid: number, cluster: string): Promise<PostmasterMatch> {
  return matchCommandLine(await commandLineOf(pid), cluster)
}

/**
 * A postmaster keeps the command line that it was started with; its children replace theirs by a title, `postgres:
 * walwriter`.
 */
function matchCommandLine(commandLine: string, cluster: string): PostmasterMatch {
  if (commandLine.includes(`/postgres -D ${cluster} `)) return 'ours'
  return /(^|\/)postgres( |$)/.test(commandLine) ? 'maybe' : 'none'
}

/** Empty for a process that is gone, or that has ended and waits for its parent to notice. */
async function commandLineOf(pid: number): Promise<string> {
  if (platform !== 'linux')
    return runProgram('ps', ['-ww', '-o', 'command=', '-p', String(pid)], undefined).catch(emptyWhenGone)
  return readFile(`/proc/${pid}/cmdline`, 'utf8').then((words) => words.replaceAll('\0', ' '), emptyWhenGone)
}

/** ps ends with status 1 when there is no such process. */
function emptyWhenGone(error: unknown): string {
  if (hasCode(error, 'ENOENT', 'ESRCH') || (error instanceof Error && 'code' in error && error.code === 1)) return ''
  throw error
}
