import { chmod, copyFile, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shutDown } from '@tidings/server/db/embedded/shut-down.ts'

/** The directories of one run. */
export interface Workplace {
  readonly dataDir: string
  readonly logDir: string
  /** The files of a RabbitMQ, if there is one. */
  readonly brokerDir: string
  /** The sources of another version, if they are wanted. */
  readonly otherRoot: string
  /** The files of the embedded PostgreSQL. */
  readonly cluster: string
  /** Stops a PostgreSQL that is left and removes the data; the logs stay when asked for. */
  remove(options: { keepLogs: boolean }): Promise<void>
}

/** Below the temporary directory, and open to the account that runs PostgreSQL when we are root. */
export async function createWorkplace(): Promise<Workplace> {
  const place = await mkdtemp(join(tmpdir(), 'tidings-ledger-'))
  await chmod(place, 0o755)
  const dataDir = join(place, 'data')
  const logDir = join(place, 'logs')
  const otherRoot = join(place, 'other-version')
  const cluster = join(dataDir, 'postgres')
  await mkdir(logDir)
  return {
    dataDir,
    logDir,
    brokerDir: join(place, 'rabbitmq'),
    otherRoot,
    cluster,
    async remove({ keepLogs }) {
      const files = await realpath(cluster).catch(() => undefined)
      if (files !== undefined) await shutDown(files, undefined)
      if (keepLogs) await copyFile(join(dataDir, 'postgres.log'), join(logDir, 'postgres.log')).catch(() => undefined)
      const removed = keepLogs ? [dataDir, otherRoot, `${otherRoot}.tar`] : [place]
      for (const path of [...(files === undefined ? [] : [files]), ...removed]) await rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
    },
  }
}
