import { access, constants, mkdir, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { errorCode } from './error-code.ts'

/** The data directory cannot be used; the message names the variable that chooses it. */
export class UnusableDataDirectory extends Error {
  constructor(path: string, why: string, cause: unknown) {
    super(`TIDINGS_DATA_DIR ${resolve(path)} cannot be used: ${why}`, { cause })
    this.name = 'UnusableDataDirectory'
  }
}

const WHY: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there; choose another directory, or chown this one',
  EPERM: 'this user may not write there; choose another directory, or chown this one',
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
  await mkdir(path, { recursive: true })
  if (!(await stat(path)).isDirectory()) throw Object.assign(new Error('a file'), { code: 'EEXIST' })
})

/** For whoever is about to put something there. Throws an `UnusableDataDirectory`. */
export const checkMayWrite = (path: string): Promise<void> => explained(path, () => access(path, constants.W_OK | constants.X_OK))

async function explained(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const why = WHY[errorCode(error) ?? '']
    if (why === undefined) throw error
    throw new UnusableDataDirectory(path, why, error)
  }
}
