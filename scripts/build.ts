/**
 * Builds `dist/` (or the directory given): the service as JavaScript, in the layout of the checkout, so that every path
 * below it is the same in both. What runs there needs neither TypeScript nor tsx, only the packages of `npm ci`.
 */
import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PACKAGES = ['contract', 'embedded-postgres', 'server']
/** What a build replaces. Nothing else is removed: a service that ran there may have left its database. */
const BUILT = [...PACKAGES, 'bin', 'node_modules', 'package.json']
const COMMANDS = ['token', 'import', 'dead-letters']
const PREFLIGHT = 'node server/commands/preflight.cjs && exec node'

const out = resolve(process.argv[2] ?? join(ROOT, 'dist'))

await Promise.all(BUILT.map((name) => rm(join(out, name), { recursive: true, force: true })))
await compile()
for (const name of PACKAGES) {
  await copyAssets(name)
  await writePackageJson(name)
  await linkPackage(name)
}
await cp(join(ROOT, 'bin'), join(out, 'bin'), { recursive: true })
await writeRootPackageJson()

async function compile(): Promise<void> {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  await promisify(execFile)(process.execPath, [tsc, '--project', 'tsconfig.build.json', '--outDir', out], {
    cwd: ROOT,
  }).catch((error: unknown) => {
    // tsc reports on standard output
    const report = error instanceof Error && 'stdout' in error ? String(error.stdout) : ''
    throw new Error(`tsc failed\n${report}`, { cause: error })
  })
}

/** Copies what tsc does not make: migrations, pages, programs that are JavaScript already. */
async function copyAssets(name: string): Promise<void> {
  const entries = await readdir(join(ROOT, name), { recursive: true, withFileTypes: true })
  const assets = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((path) => !path.endsWith('.ts') && !path.split('/').includes('node_modules'))
  for (const path of assets) await cp(join(ROOT, path), join(out, path))
}

/** Sources import `@tidings/server/main.ts`; the exports of a built package answer with `main.js`. */
async function writePackageJson(name: string): Promise<void> {
  await writeJson(join(out, name), { ...(await readJson(join(ROOT, name))), exports: { './*.ts': './*.js' } })
}

/** So that packages of this tree find each other, rather than the sources in the checkout around it. */
async function linkPackage(name: string): Promise<void> {
  await mkdir(join(out, 'node_modules', '@tidings'), { recursive: true })
  await symlink(join('..', '..', name), join(out, 'node_modules', '@tidings', name))
}

async function writeRootPackageJson(): Promise<void> {
  const { name, version, private: isPrivate, description, license, type, engines } = await readJson(ROOT)
  const scripts = Object.fromEntries([
    ['start', `${PREFLIGHT} --max-semi-space-size=32 bin/tidings.js`],
    ...COMMANDS.map((command) => [command, `${PREFLIGHT} bin/tidings-${command}.js`] as const),
  ])
  await writeJson(out, { name, version, private: isPrivate, description, license, type, engines, scripts })
}

async function readJson(directory: string): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as Readonly<Record<string, unknown>>
}

async function writeJson(directory: string, content: object): Promise<void> {
  await writeFile(join(directory, 'package.json'), `${JSON.stringify(content, null, 2)}\n`)
}
