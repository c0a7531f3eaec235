import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transformWithOxc } from 'vite'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PACKAGES = ['contract', 'embedded-postgres', 'server', 'harness', 'test']
/** Directories with programs that tests start, and what these import. */
const SOURCES = ['contract', 'embedded-postgres', 'server', 'harness', 'test/support']

export interface BuiltTree {
  readonly directory: string
  remove(): Promise<void>
}

/**
 * Makes JavaScript of the sources, in the layout of the checkout, so that the many processes of a test run need not
 * translate them each by itself. Unlike `npm run build` it does not check types, and takes about a second. The tree
 * lies below `node_modules`, where its files find the packages that they import.
 */
export async function buildTree(): Promise<BuiltTree> {
  const parent = join(ROOT, 'node_modules', '.cache')
  await mkdir(parent, { recursive: true })
  const directory = await mkdtemp(join(parent, 'tidings-test-'))
  await chmod(directory, 0o755) // some processes run under another account
  await cp(join(ROOT, 'package.json'), join(directory, 'package.json'))
  for (const name of PACKAGES) await writePackage(directory, name)
  for (const source of SOURCES) await buildSources(directory, source)
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) }
}

async function writePackage(directory: string, name: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(ROOT, name, 'package.json'), 'utf8')) as object
  await mkdir(join(directory, name), { recursive: true })
  const exports = { './*.js': './*.js' }
  await writeFile(join(directory, name, 'package.json'), JSON.stringify({ ...manifest, exports }))
  const scope = join(directory, 'node_modules', '@tidings')
  await mkdir(scope, { recursive: true })
  await symlink(join('..', '..', name), join(scope, name))
}

async function buildSources(directory: string, source: string): Promise<void> {
  const entries = await readdir(join(ROOT, source), { recursive: true, withFileTypes: true })
  for (const entry of entries) {
    const from = join(entry.parentPath, entry.name)
    const path = from.slice(ROOT.length)
    if (!entry.isFile() || path.includes('node_modules') || /\.test\.ts$|(^|\/)package\.json$/.test(path)) continue
    const to = join(directory, path)
    await mkdir(dirname(to), { recursive: true })
    if (path.endsWith('.ts')) await writeFile(to.replace(/\.ts$/, '.js'), await toJavaScript(from))
    else await cp(from, to)
  }
}

/** As tsc does it: what is imported stays imported, and names of files end with `.js`. */
async function toJavaScript(path: string): Promise<string> {
  const { code } = await transformWithOxc(await readFile(path, 'utf8'), path, {
    target: 'es2023',
    sourcemap: false,
    typescript: { onlyRemoveTypeImports: true, rewriteImportExtensions: 'rewrite' },
  })
  return code
}
