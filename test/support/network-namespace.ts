import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programArguments } from '@tidings/harness/program.ts'
import { onTestFinished } from 'vitest'

/** Root on a Linux that has these commands may make a network of its own and give it a hosts file; on CI it must. */
export const namespaceProblem = (...commands: readonly string[]): string | undefined => {
  try {
    for (const command of ['ip', 'mount', ...commands])
      execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' })
    execFileSync('unshare', ['-mnp', '--mount-proc', '--fork', '--kill-child', 'true'], { stdio: 'ignore' })
    return undefined
  } catch {
    return `needs root on Linux, unshare, ip, mount${commands.map((command) => `, ${command}`).join('')}`
  }
}

export interface NamespaceOptions {
  /** For its files; removed at the end of the test. */
  readonly directory?: string
  readonly hosts: string
  readonly resolvConf?: string
  /** Shell commands before the program, in the namespace; they find their directory in `$DIR`. */
  readonly before?: string
  /** A script beside this file. */
  readonly script: string
  readonly args?: readonly string[]
}

/**
 * Runs a script of TypeScript in a network and with an /etc/hosts and /etc/resolv.conf of its own, and reads what it
 * prints as JSON.
 */
export async function runInNamespace<T>({
  directory = mkdtempSync(join(tmpdir(), 'tidings-namespace-')),
  hosts,
  resolvConf = '',
  before = '',
  script,
  args = [],
}: NamespaceOptions): Promise<T> {
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  writeFileSync(join(directory, 'hosts'), hosts)
  writeFileSync(join(directory, 'resolv.conf'), resolvConf)
  const shell = `set -e
ip link set lo up
mount --bind "$DIR/hosts" /etc/hosts
mount --bind "$DIR/resolv.conf" /etc/resolv.conf
${before}
node "$@"`
  const child = spawn(
    'unshare',
    [
      '-mnp',
      '--mount-proc',
      '--fork',
      '--kill-child',
      'sh',
      '-c',
      shell,
      'sh',
      ...programArguments(`test/support/${script}`),
      ...args,
    ],
    {
      env: { ...process.env, DIR: directory, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  return JSON.parse(await outputOf(child)) as T
}

function outputOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(chunks).toString())
      else reject(new Error(`ended by ${signal ?? code}: ${Buffer.concat(chunks).toString()}`))
    })
  })
}
