import { execFile } from 'node:child_process'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import { rabbitMqVersion } from './servers/rabbitmq.ts'
import { redisVersion } from './servers/redis.ts'
import type { ServerSettings } from './systems/system.ts'

const OUR_ROOT = fileURLToPath(new URL('../..', import.meta.url))
const GIB = 1024 ** 3

/** What a figure is worth nothing without: a name and a value each. */
export type Machine = Readonly<Record<string, string>>

const run = promisify(execFile)

/** `postgres`: the version that was measured, if it was. */
export async function describeMachine(settings: ServerSettings, postgres: string | undefined): Promise<Machine> {
  const [host, rabbitMq, redis, bullMq, pgBoss] = await Promise.all([
    describeHost(settings, postgres),
    rabbitMqVersion(settings.rabbitMqUrl),
    redisVersion(),
    packageVersion('bullmq'),
    packageVersion('pg-boss'),
  ])
  return { ...host, RabbitMQ: rabbitMq ?? 'none', Redis: redis ?? 'none', BullMQ: bullMq, 'pg-boss': pgBoss }
}

/** Returns the same without the systems that Tidings is compared with. */
export async function describeHost(
  { node, postgresUrl }: Pick<ServerSettings, 'node' | 'postgresUrl'>,
  postgres: string | undefined,
): Promise<Machine> {
  const processors = cpus()
  const [version, commit] = await Promise.all([
    run(node, ['--version']).then(({ stdout }) => stdout.trim()),
    run('git', ['describe', '--always', '--dirty', '--tags'], { cwd: OUR_ROOT }).then(
      ({ stdout }) => stdout.trim(),
      () => 'unknown',
    ),
  ])
  return {
    date: new Date().toISOString().slice(0, 10),
    commit,
    CPU: `${processors.length} x ${processors[0]?.model.trim() ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / GIB)} GiB`,
    kernel: `${type()} ${release()}`,
    'Node.js': version,
    Tidings: process.env.BUILT_TREE === undefined ? 'from its sources' : 'built',
    PostgreSQL: postgres === undefined ? 'not used' : `${postgres}${postgresUrl === undefined ? ' (embedded)' : ''}`,
  }
}

async function packageVersion(name: string): Promise<string> {
  const { stdout } = await run('node', [
    '-p',
    `require(${JSON.stringify(join(OUR_ROOT, 'node_modules', name, 'package.json'))}).version`,
  ])
  return stdout.trim()
}
