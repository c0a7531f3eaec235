import { createWriteStream, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import { within } from '@tidings/server/runtime/deadline.ts'
import { startService, type ServiceOptions, type ServiceProcess } from '../service-process.ts'
import type { Alarms } from './alarms.ts'
import { killAll } from './postgres-tree.ts'

/** A polite end takes 30 s at most, says the service. */
const END_LIMIT_MS = 45_000

export interface LivesParts {
  readonly name: string
  /** Asked at each start. */
  readonly service: () => Pick<ServiceOptions, 'dataDir' | 'env' | 'root'>
  /** Gets one log file of this name, for all lives. */
  readonly logDir: string
  readonly alarms: Alarms
}

/** One process of the service over its lives: killed, and started again as it was. */
export interface Lives {
  readonly name: string
  /** Resolves when it has said that it is ready. */
  start(): Promise<void>
  /** kill -9, of these other processes in the same tick too. Resolves when it is gone; answers the moment before the signals, monotonic ms. */
  kill(others?: readonly number[]): Promise<number>
  /** SIGSTOP. Answers the moment before it. */
  freeze(): number
  /** SIGCONT. Answers the moment after it. Harmless when it is not stopped. */
  thaw(): number
  /** SIGTERM. An end that is not clean, or takes too long, is an alarm. Harmless when nothing runs. */
  end(): Promise<void>
  /** Throws when nothing runs. */
  running(): ServiceProcess
}

export function createLives({ name, service: optionsOf, logDir, alarms }: LivesParts): Lives {
  let service: ServiceProcess | undefined
  let file: WriteStream | undefined

  function running(): ServiceProcess {
    if (!service) throw new Error(`${name} does not run`)
    return service
  }

  async function start(): Promise<void> {
    const log = file ??= createWriteStream(join(logDir, `${name}.log`))
    const started = await startService({ ...optionsOf(), onLog: (line) => {
      log.write(`${line}\n`)
      alarms.read(line)
    } })
    service = started
    void started.ended.then((code) => {
      if (service === started) alarms.add(`${name} ended by itself, exit code ${String(code)}`)
    })
  }

  return {
    name,
    start,
    async kill(others = []) {
      const victim = running()
      service = undefined
      const killedAtMs = performance.now()
      killAll([victim.pid, ...others])
      await victim.end('SIGKILL')
      return killedAtMs
    },
    freeze() {
      const atMs = performance.now()
      running().signal('SIGSTOP')
      return atMs
    },
    thaw() {
      service?.signal('SIGCONT')
      return performance.now()
    },
    async end() {
      const ending = service
      service = undefined
      if (!ending) return
      ending.signal('SIGCONT')
      ending.signal('SIGTERM')
      if (!(await within(END_LIMIT_MS, ending.ended))) {
        alarms.add(`${name} did not end within ${END_LIMIT_MS / 1000} s of SIGTERM`)
        await ending.end('SIGKILL')
      }
      const code = await ending.ended
      if (code !== 0) alarms.add(`${name} ended with exit code ${String(code)} after SIGTERM`)
    },
    running,
  }
}
