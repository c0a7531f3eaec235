import { chmod, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { EmbeddedLog } from './embedded-log.ts'
import { checkWritable, makeDataDirectory } from './data-directory.ts'
import { provideBinaries } from './binaries.ts'
import { createCluster } from './create-cluster.ts'
import { EmbeddedServerError } from './embedded-server-error.ts'
import { checkVersion, clusterPath, findCluster } from './find-cluster.ts'
import { openFallbackDir } from './fallback-dir.ts'
import { readPassword } from './superuser-password.ts'
import type { RunUser } from './run-program.ts'
import { canEnter, chooseRunUser } from './run-user.ts'

/** Everything that is needed to run a postmaster on the cluster of a data directory. */
export interface RunnableCluster {
  /** Absolute and free of symlinks, as a postmaster's command line has it. */
  readonly cluster: string
  readonly user: RunUser | undefined
  readonly postgres: string
  readonly password: string
  readonly logFile: string
  readonly isFirstUse: boolean
}

/**
 * Finds the cluster of a data directory or makes it. Throws an `EmbeddedServerError` when the operator has to change
 * something.
 */
export async function provideCluster(
  dataDir: string,
  { log, signal }: { readonly log: EmbeddedLog; readonly signal: AbortSignal },
): Promise<RunnableCluster> {
  await makeDataDirectory(dataDir)
  const directory = await realpath(dataDir)
  const existing = await findCluster(directory)
  if (!existing) await checkWritable(directory)
  const user = existing ? existing.user : await chooseRunUser()
  if (user && !existing) await admitRunUser(directory, user)
  const binaries = await provideBinaries({ user, dirForCopy: async () => (user ? openFallbackDir(user) : directory) })
  const isFirstUse =
    !existing && (await createCluster({ dataDir: directory, user, initdb: binaries.initdb, log, signal }))
  const cluster = existing ?? (await findCluster(directory))
  if (!cluster) throw new EmbeddedServerError(`${clusterPath(directory)} was removed just now; start again`)
  await checkVersion(cluster.path, binaries.majorVersion)
  return {
    cluster: cluster.path,
    user: cluster.user,
    postgres: binaries.postgres,
    password: await readPassword(cluster.path),
    logFile: join(directory, 'postgres.log'),
    isFirstUse,
  }
}

/**
 * A data directory that is closed (made by mkdtemp, or under a strict umask) is opened for passing through when that is
 * all the account lacks, so that the cluster can stay in it. What lies in it keeps its own modes.
 */
async function admitRunUser(directory: string, user: RunUser): Promise<void> {
  const { uid, mode } = await stat(directory)
  if (uid === process.getuid?.() && (await canEnter(user, dirname(directory))) && !(await canEnter(user, directory)))
    await chmod(directory, (mode & 0o7777) | 0o011)
}
