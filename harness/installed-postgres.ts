import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { chown, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { PROGRAM_DIR, PROGRAM_ENV, runProgram } from '@tidings/embedded-postgres/run-program.ts'
import { chooseRunUser } from '@tidings/embedded-postgres/run-user.ts'
import { openClient } from '@tidings/server/db/pg-client.ts'
import { findFreePort } from './free-port.ts'

/** Where Debian, Ubuntu and the packages of postgresql.org put the programs of each major version. */
const PLACES = ['/usr/lib/postgresql', '/usr/pgsql']
/** The oldest version that the service works with. */
const OLDEST = 15
const POLL_MS = 50

/** PostgreSQL programs that are installed on this machine. */
export interface InstalledPostgres {
  readonly majorVersion: number
  readonly programs: string
}

/** A server of its own on a free port, apart from any that runs on this machine. */
export interface InstalledPostgresServer {
  /** Of its database `postgres`, as superuser. */
  readonly url: string
  stop(): Promise<void>
}

/** Returns the installed versions that the service supports, the oldest first. */
export const findInstalledPostgres = (): InstalledPostgres[] =>
  PLACES.filter((place) => existsSync(place))
    .flatMap((place) => readdirSync(place).map((name) => ({ name, programs: join(place, name, 'bin') })))
    .map(({ name, programs }) => ({ majorVersion: Number(name), programs }))
    .filter(({ majorVersion, programs }) => majorVersion >= OLDEST && existsSync(join(programs, 'initdb')))
    .sort((one, other) => one.majorVersion - other.majorVersion)

/** Makes a cluster in `directory`, which others may enter, and starts it. `stop` removes the cluster. */
export async function startInstalledPostgres(
  { programs }: InstalledPostgres,
  directory: string,
): Promise<InstalledPostgresServer> {
  const user = await chooseRunUser()
  const cluster = join(directory, 'cluster')
  await mkdir(cluster, { mode: 0o700 })
  if (user) await chown(cluster, user.uid, user.gid)
  const options = ['--username', 'postgres', '--auth', 'trust', '--encoding', 'UTF8', '--no-locale', '--no-sync']
  await runProgram(join(programs, 'initdb'), ['-D', cluster, ...options], user)

  const port = await findFreePort()
  const settings = ['listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories=']
  const server = spawn(join(programs, 'postgres'), ['-D', cluster, ...settings.flatMap((setting) => ['-c', setting])], {
    ...user,
    cwd: PROGRAM_DIR,
    env: PROGRAM_ENV,
    stdio: 'ignore',
  })
  const ended = once(server, 'exit')
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  while (server.exitCode === null && !(await accepts(url))) await delay(POLL_MS)
  return {
    url,
    async stop() {
      server.kill('SIGINT')
      await ended
      await rm(cluster, { recursive: true, force: true })
    },
  }
}

const accepts = (url: string) =>
  openClient(url, { name: 'tidings wait', isPlain: true }).then(
    async (client) => {
      await client.end()
      return true
    },
    () => false,
  )
