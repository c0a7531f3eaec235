import { access, constants, mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { errorCode, hasCode } from './error-code.ts'

/** The data directory cannot be used; the message names the variable that chooses it. */
class UnusableDataDirectory extends Error {
  constructor(path: string, why: string, cause: unknown) {
    super(`TIDINGS_DATA_DIR ${resolve(path)} cannot be used: ${why}`, { cause })
    this.name = 'UnusableDataDirectory'
  }
}

const WHY: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there; choose another directory, or chown this one',
  EPERM: 'this user may not write there; choose another directory, or chown this one',
  ENOENT: 'no directory can be made there; choose another one',
  EROFS: 'its file system is read-only; choose another directory',
  ENOSPC: 'its file system is full',
  EDQUOT: 'the quota of this user is used up',
  ENOTDIR: 'a part of its path is a file; choose another directory, or move the file away',
  EEXIST: 'it is a file; choose another directory, or move the file away',
  ENAMETOOLONG: 'its path is too long',
  ELOOP: 'its symlinks go in a circle',
}

/** Makes the data directory when it is missing, with those above it. Throws an `UnusableDataDirectory`. */
export const makeDataDirectory = (path: string): Promise<void> => explained(path, async () => {
  await makeWithParents(resolve(path))
  if (!(await stat(path)).isDirectory()) throw Object.assign(new Error('a file'), { code: 'EEXIST' })
})

/** The same for a program that said so in its own words. */
export const fullDirectory = (path: string, cause: unknown): UnusableDataDirectory | undefined => {
  const said = cause instanceof Error ? cause.message : String(cause)
  if (/No space left on device|wrote only \d+ of \d+ bytes|Check free disk space/.test(said)) return new UnusableDataDirectory(path, `${WHY['ENOSPC'] ?? ''}; an empty database takes some 50 MB`, cause)
  return /Disk quota exceeded/.test(said) ? new UnusableDataDirectory(path, WHY['EDQUOT'] ?? '', cause) : undefined
}

/** For whoever is about to put something there. Throws an `UnusableDataDirectory`. */
export const checkMayWrite = (path: string): Promise<void> => explained(path, () => access(path, constants.W_OK | constants.X_OK))

/** Not `recursive`, which tries for ever where the system lets nobody make directories (/proc). */
async function makeWithParents(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return
    if (!hasCode(error, 'ENOENT') || (await isThere(dirname(path)))) throw error
    await makeWithParents(dirname(path))
    await mkdir(path).catch((again: unknown) => {
      if (!hasCode(again, 'EEXIST')) throw again
    })
  }
}

const isThere = (path: string) => stat(path).then(() => true, () => false)

async function explained(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const why = WHY[errorCode(error) ?? '']
    if (why === undefined) throw error
    throw new UnusableDataDirectory(path, why, error)
  }
}
