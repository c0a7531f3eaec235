import { createHash, randomBytes } from 'node:crypto'
import { readdir, rename, rm, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Log } from '../../log.ts'
import { clusterName } from './find-cluster.ts'
import { fullDirectory } from '../../runtime/data-directory.ts'
import { hasCode } from '../../runtime/error-code.ts'
import { openPlace } from './open-place.ts'
import { SUPERUSER, writePassword } from './password.ts'
import { runProgramGroup } from './program-group.ts'
import { canEnter, type RunUser } from './run-user.ts'
import { syncDirectory } from './sync-directory.ts'
import { makeWorkshop } from './workshop.ts'

/** Written to postgresql.conf, where an operator may change them. What keeps data safe stays at PostgreSQL's defaults. */
const SETTINGS = ['max_connections=50', 'shared_buffers=128MB', 'password_encryption=scram-sha-256', 'log_checkpoints=off', 'timezone=UTC', 'log_timezone=UTC']

export interface CreateClusterParts {
  readonly dataDir: string
  readonly user: RunUser | undefined
  readonly initdb: string
  readonly log: Log
  /** Ends a creation that is under way, which then rejects. */
  readonly signal: AbortSignal
}

/**
 * Makes a cluster aside and puts it in place by one rename (or one symlink), so that an interrupted initdb leaves
 * nothing that looks like a cluster, and of two processes at once one wins. False for the one that did not.
 */
export async function createCluster({ dataDir, user, initdb, log, signal }: CreateClusterParts): Promise<boolean> {
  const mayStay = !user || (await canEnter(user, dataDir))
  const place = mayStay ? dataDir : await openPlace(user)
  const workshop = await makeWorkshop(join(place, 'postgres'), user)
  try {
    const cluster = join(workshop, 'cluster')
    await initialise(initdb, cluster, workshop, { user, signal }).catch((error: unknown) => {
      throw fullDirectory(place, error) ?? error
    })
    return mayStay ? await putInPlace(cluster, dataDir) : await putElsewhere(cluster, place, dataDir, log)
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
}

async function initialise(initdb: string, cluster: string, workshop: string, { user, signal }: Pick<CreateClusterParts, 'user' | 'signal'>): Promise<void> {
  const password = await writePassword(workshop, user)
  await runProgramGroup(initdb, [
    '-D', cluster, '--username', SUPERUSER, '--pwfile', password, '--auth', 'scram-sha-256',
    // The builtin provider orders text the same way on every system; those of the C library change with its version.
    '--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8',
    ...SETTINGS.flatMap((setting) => ['-c', setting]),
  ], { user, signal })
  await rename(password, join(cluster, basename(password)))
  await syncDirectory(cluster)
}

async function putInPlace(cluster: string, dataDir: string): Promise<boolean> {
  try {
    await rename(cluster, clusterName(dataDir))
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
async function putElsewhere(cluster: string, place: string, dataDir: string, log: Log): Promise<boolean> {
  const prefix = createHash('sha256').update(dataDir).digest('hex').slice(0, 16)
  const path = join(place, `${prefix}-${randomBytes(4).toString('hex')}`)
  await rename(cluster, path)
  await syncDirectory(place)
  try {
    await symlink(path, clusterName(dataDir))
  } catch (error) {
    await rm(path, { recursive: true })
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
  await syncDirectory(dataDir)
  const former = (await readdir(place)).filter((name) => name.startsWith(prefix)).map((name) => join(place, name)).filter((other) => other !== path)
  log.info({ dataDir, cluster: path }, 'the data directory is closed to the account that runs postgres, its files are elsewhere')
  if (former.length > 0) log.warn({ dataDir, former }, 'former databases of this data directory are not used any more, remove them')
  return true
}
