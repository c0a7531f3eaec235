import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What is in a checkout without being part of the repository. */
const NOT_OURS = new Set(['.git', 'node_modules', '.tidings', 'coverage', '.env', 'tenants.json', 'dist'])

/**
 * Returns the paths of all files of the repository, relative to its root, sorted. It walks the folders instead of
 * asking Git, so that it also works in an unpacked archive.
 */
export const repositoryFiles = (): string[] => filesBelow('').sort()

/** Reads a file of the repository as text. */
export const readRepositoryText = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name) || entry.name.endsWith('.log')) return []
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) return filesBelow(path)
    return entry.isFile() ? [path] : []
  })
}
