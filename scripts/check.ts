/**
 * Runs the compiler, the linter and the formatter's check at once; the first two take longest and use one processor
 * each. Prints what each said when it has ended, and ends with 1 if one of them failed.
 *
 * Each leaves behind what it has found. With `--cached` it begins with that, and leaves out what has not changed since:
 * good for a quick round, not for the last word, for the linter does not see that a type has changed in another file.
 * Where nothing was left behind, the quick round has the linter do without the rules that need types, for they take as
 * long as all the rest.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { text } from 'node:stream/consumers'

const CACHE = 'node_modules/.cache'
const isCached = process.argv.includes('--cached')
const isTerminal = process.stdout.isTTY

const CHECKS = [
  {
    command: 'tsc',
    args: ['--noEmit', ...(isTerminal ? ['--pretty'] : [])],
    cache: `${CACHE}/tsc.tsbuildinfo`,
    caching: (file: string) => ['--incremental', '--tsBuildInfoFile', file],
  },
  {
    command: 'eslint',
    args: ['.'],
    cache: `${CACHE}/eslint`,
    caching: (file: string) =>
      isCached && !existsSync(file)
        ? ['--config', 'eslint.quick.config.js']
        : ['--cache', '--cache-strategy', 'content', '--cache-location', file],
  },
  {
    command: 'prettier',
    args: ['--check', '.'],
    cache: `${CACHE}/checked-formats`,
    caching: (file: string) => ['--cache', '--cache-strategy', 'content', '--cache-location', file],
  },
]

await mkdir(CACHE, { recursive: true })
const results = await Promise.all(
  CHECKS.map(async ({ command, args, cache, caching }) => {
    const startedAt = performance.now()
    if (!isCached) await rm(cache, { force: true })
    const { code, output } = await run(command, [...args, ...caching(cache)])
    const seconds = Math.round((performance.now() - startedAt) / 1000)
    console.log(`${command}: ${code === 0 ? 'ok' : 'failed'} (${seconds} s)\n${code === 0 ? '' : output}`.trimEnd())
    return code
  }),
)
process.exitCode = results.every((code) => code === 0) ? 0 : 1

async function run(command: string, args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(isTerminal && { FORCE_COLOR: '1' }) },
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, output: stdout + stderr }
}
