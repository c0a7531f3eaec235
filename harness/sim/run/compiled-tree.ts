import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transformWithOxc } from 'vite'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const PACKAGES = ['contract', 'server', 'harness']
/** Of a package, only what the simulation imports; unset: all of it. */
const ONLY: Readonly<Record<string, string>> = { harness: 'harness/sim' }

/** A change of a shipped file. */
export interface Patch {
  /** Relative to the checkout. */
  readonly file: string
  /** Occurs once in the file. */
  readonly search: string
  readonly replace: string
}

/** Runs are small: limits that they would never reach are smaller too. */
const SCALED: readonly Patch[] = [
  {
    file: 'server/dispatch/dispatch-store.ts',
    search: 'const MAX_MATCHES = 1000',
    replace: 'const MAX_MATCHES = 4',
  },
  {
    file: 'server/dispatch/dispatch-store.ts',
    search: 'const MAX_MATCHES_IN_ALL = 20_000',
    replace: 'const MAX_MATCHES_IN_ALL = 20',
  },
  {
    file: 'server/dispatch/large-events.ts',
    search: 'const MAX_LARGE_EVENTS = 8',
    replace: 'const MAX_LARGE_EVENTS = 3',
  },
  {
    file: 'server/dispatch/slice-size.ts',
    search: 'const MIN_SLICE = 50',
    replace: 'const MIN_SLICE = 1',
  },
  {
    file: 'server/dispatch/slice-size.ts',
    search: 'const MAX_SLICE = 500',
    replace: 'const MAX_SLICE = 3',
  },
  {
    file: 'server/lanes/lane-memory.ts',
    search: 'const MAX_WITH_SLICE = 50_000',
    replace: 'const MAX_WITH_SLICE = 6',
  },
  {
    file: 'server/delivery/breaker/expiry-sweep.ts',
    search: 'const PASS_EVERY_MS = 60_000',
    replace: 'const PASS_EVERY_MS = 500',
  },
]

/**
 * Compiles a copy of the service and of the simulation, with these patches, into `dist/sim/<name>`, and returns its
 * directory. Compiled file by file, and not run by tsx, which wraps every function that is made: that is a third of the
 * time of a run.
 */
export async function compileTree(name: string, patches: readonly Patch[]): Promise<string> {
  const out = join(ROOT, 'dist', 'sim', name)
  await rm(out, { recursive: true, force: true })
  for (const one of PACKAGES) {
    const sources = await sourcesOf(ONLY[one] ?? one)
    await Promise.all(sources.map((path) => compile(path, out, [...SCALED, ...patches])))
    const manifest = JSON.parse(await readFile(join(ROOT, one, 'package.json'), 'utf8')) as object
    await writeFile(
      join(out, one, 'package.json'),
      JSON.stringify({ ...manifest, exports: { './*.js': './*.js', './package.json': './package.json' } }),
    )
    await mkdir(join(out, 'node_modules', '@tidings'), { recursive: true })
    await symlink(join('..', '..', one), join(out, 'node_modules', '@tidings', one))
  }
  return out
}

async function sourcesOf(folder: string): Promise<string[]> {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length))
    .filter((path) => !path.includes('node_modules'))
}

async function compile(path: string, out: string, patches: readonly Patch[]): Promise<void> {
  const source = await readFile(join(ROOT, path), 'utf8')
  const { code } = await transformWithOxc(patched(path, source, patches), path, {
    target: 'es2023',
    sourcemap: false,
    typescript: { onlyRemoveTypeImports: true, rewriteImportExtensions: 'rewrite' },
  })
  const target = join(out, path.replace(/\.ts$/, '.js'))
  await mkdir(dirname(target), { recursive: true })
  await writeFile(target, code)
}

function patched(path: string, source: string, patches: readonly Patch[]): string {
  return patches
    .filter(({ file }) => file === path)
    .reduce((text, { search, replace }) => {
      const parts = text.split(search)
      if (parts.length !== 2) throw new Error(`${path}: found ${parts.length - 1} times: ${search}`)
      return parts.join(replace)
    }, source)
}
