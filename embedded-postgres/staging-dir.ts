import { chown, mkdtemp, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { hasCode } from './system-error.ts'
import type { RunUser } from './run-program.ts'

/**
 * A new directory beside `path`, on the same file system, in which to prepare what will be renamed to `path`. Its name
 * holds our pid; those that killed processes have left are removed.
 */
export async function makeStagingDir(path: string, user?: RunUser): Promise<string> {
  const prefix = `${basename(path)}.unfinished-`
  await sweep(dirname(path), prefix)
  const stagingDir = await mkdtemp(join(dirname(path), `${prefix}${process.pid}-`))
  if (user) await chown(stagingDir, user.uid, user.gid)
  return stagingDir
}

async function sweep(directory: string, prefix: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.startsWith(prefix))
  for (const name of names) {
    const pid = Number(name.slice(prefix.length).split('-')[0])
    if (!Number.isInteger(pid) || pid <= 0 || isAlive(pid)) continue
    // The program that the killed process had started may still be writing there.
    await rm(join(directory, name), { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }).catch(
      ignoreForeign,
    )
  }
}

/** Left by another account, which will remove it when it comes back. */
function ignoreForeign(error: unknown): void {
  if (!hasCode(error, 'EACCES', 'EPERM')) throw error
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !hasCode(error, 'ESRCH')
  }
}
