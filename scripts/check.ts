/**
 * Runs the compiler, the linter and the formatter's check at once; the first two take longest and use one processor
 * each. Prints what each said when it has ended, and ends with 1 if one of them failed.
 *
 * Each leaves behind what it has found. With `--cached` it begins with that, and leaves out what has not changed since:
 * good for a quick round, not for the last word, for the linter does not see that a type has changed in another file.
 * Where nothing was left behind, the quick round has the linter do without the rules that need types, for they take as
 * long as all the rest.
 *
 * A command behind `--` runs beside them, with the terminal to itself: what they have said comes at its end.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { text } from 'node:stream/consumers'

const CACHE = 'node_modules/.cache'
const [ours, beside] = argumentsAround('--')
const isCached = ours.includes('--cached')
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
const startedAt = performance.now()
const besideCode = beside.length === 0 ? Promise.resolve(0) : runBeside(beside)
const codes = await Promise.all(CHECKS.map(check))
process.exitCode = [...codes, await besideCode].every((code) => code === 0) ? 0 : 1

async function check({ command, args, cache, caching }: (typeof CHECKS)[number]): Promise<number | null> {
  if (!isCached) await rm(cache, { force: true })
  const { code, output } = await run(command, [...args, ...caching(cache)])
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  await besideCode
  console.log(`${command}: ${code === 0 ? 'ok' : 'failed'} (${seconds} s)\n${code === 0 ? '' : output}`.trimEnd())
  return code
}

function argumentsAround(separator: string): readonly [string[], string[]] {
  const given = process.argv.slice(2)
  const at = given.indexOf(separator)
  return at < 0 ? [given, []] : [given.slice(0, at), given.slice(at + 1)]
}

function runBeside([command = '', ...args]: readonly string[]): Promise<number | null> {
  const child = spawn(command, args, { stdio: 'inherit' })
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
}

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
