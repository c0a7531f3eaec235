import { chmod, copyFile, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shutDownPostmaster } from '@tidings/embedded-postgres/shut-down-postmaster.ts'

/** The directories of one run. */
export interface Sandbox {
  readonly dataDir: string
  readonly logDir: string
  /** The files of RabbitMQ, if there is one. */
  readonly brokerDir: string
  /** The sources of another version, if there is one. */
  readonly otherRoot: string
  /** The files of the embedded PostgreSQL. */
  readonly cluster: string
  /** Stops a PostgreSQL that is still running and removes everything, the logs only without `keepLogs`. */
  remove(options: { keepLogs: boolean }): Promise<void>
}

/** Creates the directories below the temporary one, accessible to the account that runs PostgreSQL if we are root. */
export async function createSandbox(): Promise<Sandbox> {
  const directory = await mkdtemp(join(tmpdir(), 'tidings-ledger-'))
  await chmod(directory, 0o755)
  const dataDir = join(directory, 'data')
  const logDir = join(directory, 'logs')
  const otherRoot = join(directory, 'other-version')
  const cluster = join(dataDir, 'postgres')
  await mkdir(logDir)
  return {
    dataDir,
    logDir,
    brokerDir: join(directory, 'rabbitmq'),
    otherRoot,
    cluster,
    async remove({ keepLogs }) {
      const files = await realpath(cluster).catch(() => undefined)
      if (files !== undefined) await shutDownPostmaster(files, undefined)
      if (keepLogs) await copyFile(join(dataDir, 'postgres.log'), join(logDir, 'postgres.log')).catch(() => undefined)
      const removed = keepLogs ? [dataDir, otherRoot, `${otherRoot}.tar`] : [directory]
      for (const path of [...(files === undefined ? [] : [files]), ...removed])
        await rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
    },
  }
}
