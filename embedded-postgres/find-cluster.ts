import type { Stats } from 'node:fs'
import { lstat, readFile, readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { EmbeddedServerError } from './embedded-server-error.ts'
import { hasCode } from './system-error.ts'
import type { RunUser } from './run-program.ts'
import { canEnter, isRoot } from './run-user.ts'

export interface Cluster {
  /** Absolute and free of symlinks. */
  readonly path: string
  readonly user: RunUser | undefined
}

/**
 * Where a person, and the next start, find the cluster: a directory, or a symlink to the place that it had to move to.
 */
export const clusterPath = (dataDir: string) => join(dataDir, 'postgres')

/**
 * The cluster of a data directory and the account that it belongs to, which is the one that must run it. Undefined when
 * there is none yet. Throws, with what to do about it, when there is something in its place that cannot be started.
 */
export async function findCluster(dataDir: string): Promise<Cluster | undefined> {
  const name = clusterPath(dataDir)
  if (!(await isThere(name)) || (await isEmptyDirectory(name))) return undefined
  const path = await resolveCluster(name)
  const user = userFor(await stat(path), path)
  if (user && !(await canEnter(user, path)))
    throw new EmbeddedServerError(
      `${path} belongs to uid ${user.uid}, which cannot enter it; make every directory above it enterable (chmod o+x)`,
    )
  return { path, user }
}

const isThere = (path: string) => lstat(path).then(() => true, falseWhenMissing)

/** Perhaps made by an operator; initdb takes it over. */
const isEmptyDirectory = (path: string) => readdir(path).then((names) => names.length === 0, falseWhenMissing)

function falseWhenMissing(error: unknown): false {
  if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return false
  throw error
}

async function resolveCluster(name: string): Promise<string> {
  try {
    return await realpath(name)
  } catch (error) {
    if (hasCode(error, 'ENOENT'))
      throw new EmbeddedServerError(
        `${name} points to a directory that is gone; restore it, or remove ${name} to start with an empty database`,
        { cause: error },
      )
    throw error
  }
}

/** Throws when the installed programs cannot open the cluster. */
export async function checkVersion(path: string, majorVersion: string): Promise<void> {
  try {
    const version = (await readFile(join(path, 'PG_VERSION'), 'utf8')).trim()
    if (version !== majorVersion)
      throw new EmbeddedServerError(
        `${path} was made by PostgreSQL ${version}, but ${majorVersion} is installed; ` +
          'dump it with the old version and restore it, or remove it to start with an empty database',
      )
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR'))
      throw new EmbeddedServerError(`${path} is not a PostgreSQL cluster; remove it`, { cause: error })
    throw error
  }
}

function userFor({ uid, gid }: Stats, path: string): RunUser | undefined {
  if (uid === process.getuid?.()) {
    if (isRoot())
      throw new EmbeddedServerError(
        `${path} belongs to root, but PostgreSQL does not run as root; chown it to another account`,
      )
    return undefined
  }
  if (!isRoot())
    throw new EmbeddedServerError(
      `${path} belongs to uid ${uid}; start as that user or as root, or remove it to start with an empty database`,
    )
  return { uid, gid }
}
