import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { sourceArguments } from './program.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/**
 * Builds the service as its image does, and has `startService` run that while `work` runs: what is measured is what
 * runs in production. The build lies below `node_modules`, where its files find their packages. Does not build when
 * `BUILT_TREE` names one.
 */
export async function withBuiltService<T>(work: () => Promise<T>): Promise<T> {
  if (process.env.BUILT_TREE !== undefined) return work()
  const parent = join(ROOT, 'node_modules', '.cache')
  await mkdir(parent, { recursive: true })
  const directory = await mkdtemp(join(parent, 'tidings-built-'))
  await chmod(directory, 0o755) // some processes run under another account
  try {
    await promisify(execFile)(process.execPath, [...sourceArguments('scripts/build.ts'), directory], { cwd: ROOT })
    process.env.BUILT_TREE = directory
    return await work()
  } finally {
    delete process.env.BUILT_TREE
    await rm(directory, { recursive: true, force: true })
  }
}
