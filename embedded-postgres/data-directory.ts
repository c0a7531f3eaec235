import { access, constants, mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { errorCode, hasCode } from './system-error.ts'

/** The data directory cannot be used; the message names the variable that chooses it. */
class UnusableDataDirectory extends Error {
  constructor(path: string, why: string, cause: unknown) {
    super(`TIDINGS_DATA_DIR ${resolve(path)} cannot be used: ${why}`, { cause })
    this.name = 'UnusableDataDirectory'
  }
}

const FULL = 'its file system is full'
const QUOTA_EXCEEDED = 'the quota of this user is used up'
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there; choose another directory, or chown this one',
  EPERM: 'this user may not write there; choose another directory, or chown this one',
  ENOENT: 'no directory can be created there; choose another one',
  EROFS: 'its file system is read-only; choose another directory',
  ENOSPC: FULL,
  EDQUOT: QUOTA_EXCEEDED,
  ENOTDIR: 'a part of its path is a file; choose another directory, or move the file away',
  EEXIST: 'it is a file; choose another directory, or move the file away',
  ENAMETOOLONG: 'its path is too long',
  ELOOP: 'its symbolic links form a loop',
}

/** Makes the data directory when it is missing, with those above it. Throws an `UnusableDataDirectory`. */
export const makeDataDirectory = (path: string): Promise<void> =>
  withExplanation(path, async () => {
    await makeWithParents(resolve(path))
    if (!(await stat(path)).isDirectory()) throw Object.assign(new Error('a file'), { code: 'EEXIST' })
  })

/** Returns the same error for a program that reported a full disk in its own words; undefined for other failures. */
export const explainFullDirectory = (path: string, cause: unknown): UnusableDataDirectory | undefined => {
  const said = cause instanceof Error ? cause.message : String(cause)
  if (/No space left on device|wrote only \d+ of \d+ bytes|Check free disk space/.test(said))
    return new UnusableDataDirectory(path, `${FULL}; an empty database takes some 50 MB`, cause)
  return /Disk quota exceeded/.test(said) ? new UnusableDataDirectory(path, QUOTA_EXCEEDED, cause) : undefined
}

/** Checks that files can be put there. Throws an `UnusableDataDirectory`. */
export const checkWritable = (path: string): Promise<void> =>
  withExplanation(path, () => access(path, constants.W_OK | constants.X_OK))

/** Not `recursive`, which never stops trying where the system lets nobody make directories (/proc). */
async function makeWithParents(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return
    if (!hasCode(error, 'ENOENT')) throw error
    // Another process may have made the parent since; where it was there all the time, the second attempt fails too.
    if (!(await isThere(dirname(path)))) await makeWithParents(dirname(path))
    await mkdir(path).catch((again: unknown) => {
      if (!hasCode(again, 'EEXIST')) throw again
    })
  }
}

const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )

async function withExplanation(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const why = REASONS[errorCode(error) ?? '']
    if (why === undefined) throw error
    throw new UnusableDataDirectory(path, why, error)
  }
}
