import { chmod, lstat, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EmbeddedServerError } from './embedded-server-error.ts'
import { hasCode } from './system-error.ts'
import type { RunUser } from './run-program.ts'
import { canEnter } from './run-user.ts'

const OPEN_MODE = 0o755

/**
 * A directory of root's that the run user can enter, for what cannot stay where root keeps it (a checkout or a data
 * directory below a home of mode 700). The temporary directory is for systems whose /var/lib is read-only.
 */
export async function openFallbackDir(user: RunUser): Promise<string> {
  const candidates = ['/var/lib/tidings', join(tmpdir(), 'tidings-0')]
  for (const candidate of candidates) {
    if ((await isMadeSafely(candidate)) && (await canEnter(user, candidate))) return candidate
  }
  throw new EmbeddedServerError(
    `PostgreSQL runs as uid ${user.uid}, which cannot enter ${candidates.join(' or ')}; ` +
      'use a data directory that it can enter, or set DATABASE_URL',
  )
}

/**
 * Anybody can make a directory of this name in /tmp first; programs and data must not lie in a place that others can
 * write to.
 */
async function isMadeSafely(directory: string): Promise<boolean> {
  try {
    await mkdir(directory)
    await chmod(directory, OPEN_MODE)
  } catch (error) {
    if (hasCode(error, 'EACCES', 'EPERM', 'EROFS', 'ENOENT')) return false
    if (!hasCode(error, 'EEXIST')) throw error
  }
  const found = await lstat(directory)
  return found.isDirectory() && found.uid === 0 && (found.mode & 0o022) === 0
}
