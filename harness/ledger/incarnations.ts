import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { startService, type ServiceProcess } from '../service-process.ts'
import { createGate } from './gate.ts'
import type { PlannedKill } from './plan.ts'
import { killAll, postgresTree } from './postgres-tree.ts'

export interface IncarnationsParts {
  readonly dataDir: string
  /** Gets one log file for each incarnation. */
  readonly logDir: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The service over its lives: killed, and started again on the same data directory. */
export interface Incarnations {
  start(): Promise<void>
  /** Kills and waits until the node process is gone. Answers the moment before the signals, monotonic ms. */
  kill(victim: PlannedKill['victim']): Promise<number>
  /** Polite end: the embedded PostgreSQL goes too. Harmless when nothing runs. */
  stop(): Promise<void>
  /** Of the present or the last life. */
  url(): string
  /** Resolves when a life has said that it is ready. */
  up(signal: AbortSignal): Promise<void>
  /** Lines of level `error` or `fatal`, for a person to look at: each message, and how often. */
  readonly alarms: ReadonlyMap<string, number>
}

export function createIncarnations({ dataDir, logDir, env }: IncarnationsParts): Incarnations {
  const gate = createGate()
  const alarms = new Map<string, number>()
  let service: ServiceProcess | undefined
  let lastUrl = ''
  let lives = 0

  function running(): ServiceProcess {
    if (!service) throw new Error('no service runs')
    return service
  }

  return {
    async start() {
      lives += 1
      const file = createWriteStream(join(logDir, `incarnation-${lives}.log`))
      service = await startService({ dataDir, env, onLog: (line) => {
        file.write(`${line}\n`)
        const alarm = alarmIn(line)
        if (alarm !== undefined) alarms.set(alarm, (alarms.get(alarm) ?? 0) + 1)
      } })
      lastUrl = service.url
      gate.open()
    },
    async kill(victim) {
      const victimNode = running()
      const others = victim === 'node' ? [] : await postgresTree(await victimNode.postgresPid())
      gate.close()
      const killedAtMs = performance.now()
      killAll([victimNode.pid, ...others])
      await victimNode.end('SIGKILL')
      service = undefined
      return killedAtMs
    },
    async stop() {
      gate.close()
      await service?.end('SIGTERM')
      service = undefined
    },
    url: () => lastUrl,
    up: gate.pass,
    alarms,
  }
}

/** A line that is no JSON is what Node says when it dies of an error. */
function alarmIn(line: string): string | undefined {
  if (!line.startsWith('{')) return line.trim() === '' ? undefined : line
  return /"level":[56]0\b/.test(line) ? (/"msg":"([^"]*)"/.exec(line)?.[1] ?? line) : undefined
}
