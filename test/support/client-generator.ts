import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { openApiDocument } from '@tidings/server/api/openapi/document.ts'

const run = promisify(execFile)
/** The generator is a Java program that its npm package carries along; Java itself has to be there. */
const JAR = join(
  dirname(createRequire(import.meta.url).resolve('@openapitools/openapi-generator-cli/package.json')),
  'bin',
  'openapi-generator.jar',
)
/** For programs that run for a second or two. */
const SHORT_LIVED = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
/** Of 2020, and it looks into Java's own classes. */
const OPENED = ['java.base/java.util=ALL-UNNAMED', 'java.base/java.lang=ALL-UNNAMED'].flatMap((part) => [
  '--add-opens',
  part,
])
/** What generated Java code needs and the jar of the generator does not have. */
const JAVA_STUBS = join(import.meta.dirname, 'generated-clients')

export const hasProgram = (program: string, flag = '--version'): boolean => {
  try {
    execFileSync(program, [flag], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export interface Generated {
  /** Where the client is. */
  readonly directory: string
  /** The texts of all files with this ending, by path below the directory. */
  sources(ending: string): Promise<Readonly<Record<string, string>>>
  remove(): Promise<void>
}

/** Has a client made from the service's own document. */
export async function generateClient(language: string, options: readonly string[] = []): Promise<Generated> {
  const directory = await mkdtemp(join(tmpdir(), 'generated-client-'))
  const input = join(directory, 'openapi.json')
  await writeFile(input, JSON.stringify(openApiDocument(undefined)))
  const args = ['generate', '-i', input, '-g', language, '-o', directory, ...options]
  await run('java', [...SHORT_LIVED, ...OPENED, '-jar', JAR, ...args], { maxBuffer: 64 * 1024 * 1024 })
  return {
    directory,
    async sources(ending) {
      const paths = (await readdir(directory, { recursive: true })).filter((path) => path.endsWith(ending))
      return Object.fromEntries(
        await Promise.all(paths.map(async (path) => [path, await readFile(join(directory, path), 'utf8')] as const)),
      )
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}

/** Rejects with what the compiler says. */
export async function compileJava({ directory, sources }: Generated): Promise<void> {
  const stubs = (await readdir(JAVA_STUBS, { recursive: true }))
    .filter((path) => path.endsWith('.java'))
    .map((path) => join(JAVA_STUBS, path))
  const own = Object.keys(await sources('.java'))
    .filter((path) => path.startsWith('src/main'))
    .map((path) => join(directory, path))
  const options = [...SHORT_LIVED.map((option) => `-J${option}`), '-nowarn', '-cp', JAR]
  await run('javac', [...options, '-d', join(directory, 'classes'), ...own, ...stubs])
}

export async function compileTypeScript({ directory }: Generated): Promise<void> {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  await run(
    process.execPath,
    [
      compiler,
      '--noEmit',
      '--target',
      'es2022',
      '--lib',
      'es2022,dom',
      '--module',
      'esnext',
      '--moduleResolution',
      'bundler',
      join(directory, 'index.ts'),
    ],
    { cwd: directory },
  ).catch((error: unknown) => {
    throw new Error(error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error), {
      cause: error,
    })
  })
}

export async function compilePython({ directory }: Generated): Promise<void> {
  await run('python3', ['-m', 'compileall', '-q', directory])
}
