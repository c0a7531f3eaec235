import { createHash, randomBytes } from 'node:crypto'
import { readdir, rename, rm, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { EmbeddedLog } from './embedded-log.ts'
import { clusterPath } from './find-cluster.ts'
import { explainFullDirectory } from './data-directory.ts'
import { hasCode } from './system-error.ts'
import { openFallbackDir } from './fallback-dir.ts'
import { SUPERUSER, writePassword } from './superuser-password.ts'
import { runInProcessGroup } from './process-group.ts'
import type { RunUser } from './run-program.ts'
import { canEnter } from './run-user.ts'
import { syncDirectory } from './sync-directory.ts'
import { makeStagingDir } from './staging-dir.ts'

/**
 * Written to postgresql.conf, where an operator may change them. What keeps data safe stays at PostgreSQL's defaults.
 */
const SETTINGS = [
  'max_connections=50',
  'shared_buffers=128MB',
  'password_encryption=scram-sha-256',
  'log_checkpoints=off',
  'timezone=UTC',
  'log_timezone=UTC',
]

export interface CreateClusterOptions {
  readonly dataDir: string
  readonly user: RunUser | undefined
  readonly initdb: string
  readonly log: EmbeddedLog
  /** Ends a creation that is under way, which then rejects. */
  readonly signal: AbortSignal
}

/**
 * Makes a cluster aside and puts it in place by one rename (or one symlink), so that an interrupted initdb leaves
 * nothing that looks like a cluster, and of two processes at once one wins. False for the one that did not.
 */
export async function createCluster({ dataDir, user, initdb, log, signal }: CreateClusterOptions): Promise<boolean> {
  const mayStay = !user || (await canEnter(user, dataDir))
  const directory = mayStay ? dataDir : await openFallbackDir(user)
  const stagingDir = await makeStagingDir(join(directory, 'postgres'), user)
  try {
    const cluster = join(stagingDir, 'cluster')
    await initialise(initdb, cluster, stagingDir, { user, signal }).catch((error: unknown) => {
      throw explainFullDirectory(directory, error) ?? error
    })
    return mayStay ? await putInPlace(cluster, dataDir) : await putElsewhere(cluster, directory, dataDir, log)
  } finally {
    await rm(stagingDir, { recursive: true, force: true })
  }
}

async function initialise(
  initdb: string,
  cluster: string,
  stagingDir: string,
  { user, signal }: Pick<CreateClusterOptions, 'user' | 'signal'>,
): Promise<void> {
  const password = await writePassword(stagingDir, user)
  await runInProcessGroup(
    initdb,
    [
      '-D',
      cluster,
      '--username',
      SUPERUSER,
      '--pwfile',
      password,
      '--auth',
      'scram-sha-256',
      // The builtin provider orders text the same way on every system; those of the C library change with its version.
      '--encoding',
      'UTF8',
      '--locale',
      'C',
      '--locale-provider',
      'builtin',
      '--builtin-locale',
      'C.UTF-8',
      ...SETTINGS.flatMap((setting) => ['-c', setting]),
    ],
    { user, signal },
  )
  await rename(password, join(cluster, basename(password)))
  await syncDirectory(cluster)
}

async function putInPlace(cluster: string, dataDir: string): Promise<boolean> {
  try {
    await rename(cluster, clusterPath(dataDir))
  } catch (error) {
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) return false
    throw error
  }
  await syncDirectory(dataDir)
  return true
}

/**
 * The symlink is what makes the cluster that of this data directory. A former one without a symlink (the data directory
 * was removed) is never used again, and left to the operator to remove: the directory may only be unmounted.
 */
async function putElsewhere(cluster: string, directory: string, dataDir: string, log: EmbeddedLog): Promise<boolean> {
  const prefix = createHash('sha256').update(dataDir).digest('hex').slice(0, 16)
  const path = join(directory, `${prefix}-${randomBytes(4).toString('hex')}`)
  await rename(cluster, path)
  await syncDirectory(directory)
  try {
    await symlink(path, clusterPath(dataDir))
  } catch (error) {
    await rm(path, { recursive: true })
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
  await syncDirectory(dataDir)
  const former = (await readdir(directory))
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(directory, name))
    .filter((other) => other !== path)
  log.info(
    { dataDir, cluster: path },
    'the account that runs postgres cannot enter the data directory, its files are elsewhere',
  )
  if (former.length > 0)
    log.warn({ dataDir, former }, 'former databases of this data directory are no longer used, remove them')
  return true
}
