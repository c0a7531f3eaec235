import { readFile, stat, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { hasCode } from './system-error.ts'

/** `target` is the link, `source` the library that it names; both relative to the package and in one directory. */
interface LibraryLink {
  readonly source: string
  readonly target: string
}

/**
 * An npm package cannot hold symlinks, so the programs' libraries lack the names that the loader looks for. The package
 * makes them in a postinstall script, which npm 11 does not run. False when the package is not ours to write to.
 */
export async function makeLibraryLinks(packageDir: string): Promise<boolean> {
  try {
    for (const link of await listLinks(packageDir)) await makeLink(packageDir, link)
    return true
  } catch (error) {
    if (hasCode(error, 'EACCES', 'EPERM', 'EROFS')) return false
    throw error
  }
}

async function listLinks(packageDir: string): Promise<readonly LibraryLink[]> {
  try {
    const list: unknown = JSON.parse(await readFile(join(packageDir, 'native', 'pg-symlinks.json'), 'utf8'))
    return Array.isArray(list) ? list.filter(isLibraryLink) : []
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}

async function makeLink(packageDir: string, { source, target }: LibraryLink): Promise<void> {
  const path = join(packageDir, target)
  try {
    if (await exists(path)) return
    await symlink(basename(source), path)
  } catch (error) {
    // Another process, or npm, made it in this moment.
    if (!hasCode(error, 'EEXIST')) throw error
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}

const isLibraryLink = (value: unknown): value is LibraryLink =>
  typeof value === 'object' &&
  value !== null &&
  'source' in value &&
  typeof value.source === 'string' &&
  'target' in value &&
  typeof value.target === 'string'
