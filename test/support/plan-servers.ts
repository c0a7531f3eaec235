import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findInstalledPostgres, startInstalledPostgres } from '@tidings/harness/installed-postgres.ts'

export interface PlanServer {
  /** Undefined: the server of this run. */
  readonly url: string | undefined
  stop(): Promise<void>
}

const installed = findInstalledPostgres()
if (installed.length === 0 && process.env.CI !== 'true')
  console.warn('No PostgreSQL is installed here: plans are checked on the embedded one only')

/** The servers on which plans are checked: that of this run, and an installed one where there is one. */
export const planServers: readonly { readonly name: string; start(): Promise<PlanServer> }[] = [
  { name: 'the embedded PostgreSQL', start: () => Promise.resolve({ url: undefined, stop: () => Promise.resolve() }) },
  ...installed.slice(0, 1).map((programs) => ({
    name: `PostgreSQL ${programs.majorVersion}`,
    start: async () => {
      const directory = await mkdtemp(join(tmpdir(), 'tidings-plans-'))
      await chmod(directory, 0o755)
      const server = await startInstalledPostgres(programs, directory)
      return {
        url: server.url,
        stop: async () => {
          await server.stop()
          await rm(directory, { recursive: true })
        },
      }
    },
  })),
]
