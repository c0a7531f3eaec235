/**
 * Runs the compiler, the linter and the formatter's check at once; the first two take longest and use one processor
 * each. Prints what each said when it has ended, and ends with 1 if one of them failed.
 *
 * With `--cached` each leaves out what has not changed since its last run. The linter's cache does not see that a type
 * has changed in another file: good for a quick round, not for the last word.
 */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

const CACHE = 'node_modules/.cache'
const isCached = process.argv.includes('--cached')
const isTerminal = process.stdout.isTTY

const CHECKS = [
  {
    command: 'tsc',
    args: ['--noEmit', ...(isTerminal ? ['--pretty'] : [])],
    cached: ['--incremental', '--tsBuildInfoFile', `${CACHE}/tsc.tsbuildinfo`],
  },
  {
    command: 'eslint',
    args: ['.'],
    cached: ['--cache', '--cache-strategy', 'content', '--cache-location', `${CACHE}/eslint`],
  },
  {
    command: 'prettier',
    args: ['--check', '.'],
    cached: ['--cache', '--cache-strategy', 'content', '--cache-location', `${CACHE}/checked-formats`],
  },
]

const results = await Promise.all(
  CHECKS.map(async ({ command, args, cached }) => {
    const startedAt = performance.now()
    const { code, output } = await run(command, [...args, ...(isCached ? cached : [])])
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
