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
  const processors = cpus()
  const [node, commit, rabbitMq, redis, bullMq, pgBoss] = await Promise.all([
    run(settings.node, ['--version']).then(({ stdout }) => stdout.trim()),
    run('git', ['describe', '--always', '--dirty', '--tags'], { cwd: OUR_ROOT }).then(
      ({ stdout }) => stdout.trim(),
      () => 'unknown',
    ),
    rabbitMqVersion(settings.rabbitMqUrl),
    redisVersion(),
    packageVersion('bullmq'),
    packageVersion('pg-boss'),
  ])
  return {
    date: new Date().toISOString().slice(0, 10),
    commit,
    CPU: `${processors.length} x ${processors[0]?.model.trim() ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / GIB)} GiB`,
    kernel: `${type()} ${release()}`,
    'Node.js': node,
    PostgreSQL:
      postgres === undefined ? 'not used' : `${postgres}${settings.postgresUrl === undefined ? ' (embedded)' : ''}`,
    RabbitMQ: rabbitMq ?? 'none',
    Redis: redis ?? 'none',
    BullMQ: bullMq,
    'pg-boss': pgBoss,
  }
}

async function packageVersion(name: string): Promise<string> {
  const { stdout } = await run('node', [
    '-p',
    `require(${JSON.stringify(join(OUR_ROOT, 'node_modules', name, 'package.json'))}).version`,
  ])
  return stdout.trim()
}
