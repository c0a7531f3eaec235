import { createWriteStream, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import { within } from '@tidings/server/runtime/within.ts'
import { startService, type ServiceOptions, type ServiceProcess } from '../service-process.ts'
import type { Alarms } from './alarms.ts'
import { killAll } from './postgres-tree.ts'

/** The service promises that a graceful shutdown takes 30 s at most. */
const END_LIMIT_MS = 45_000

export interface SupervisorOptions {
  readonly name: string
  /** Called at each start. */
  readonly service: () => Pick<ServiceOptions, 'dataDir' | 'env' | 'root'>
  /** Where its log file goes, one for all its lives. */
  readonly logDir: string
  readonly alarms: Alarms
}

/** One process of the service over its lives: it can be killed, and started again with the same options. */
export interface Supervisor {
  readonly name: string
  /** Starts it. Resolves when it is ready. */
  start(): Promise<void>
  /**
   * Kills it with SIGKILL, and these other processes in the same tick. Resolves when it is gone; returns the time
   * before the signals, in monotonic ms.
   */
  kill(others?: readonly number[]): Promise<number>
  /** Sends SIGSTOP. Returns the time before it, in monotonic ms. */
  pause(): number
  /** Sends SIGCONT. Returns the time after it, in monotonic ms. Does nothing if it is not stopped. */
  resume(): number
  /**
   * Sends SIGTERM. An exit code other than 0, or no end within 45 s, is an alarm. Does nothing if it is not running.
   */
  stop(): Promise<void>
  /** Returns the process. Throws if it is not running. */
  running(): ServiceProcess
}

export function createSupervisor({ name, service: optionsOf, logDir, alarms }: SupervisorOptions): Supervisor {
  let service: ServiceProcess | undefined
  let file: WriteStream | undefined

  function running(): ServiceProcess {
    if (!service) throw new Error(`${name} does not run`)
    return service
  }

  async function start(): Promise<void> {
    const log = (file ??= createWriteStream(join(logDir, `${name}.log`)))
    const started = await startService({
      ...optionsOf(),
      onLog: (line) => {
        log.write(`${line}\n`)
        alarms.read(line)
      },
    })
    service = started
    void started.ended.then((code) => {
      if (service === started) alarms.add(`${name} exited unexpectedly, exit code ${String(code)}`)
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
    pause() {
      const atMs = performance.now()
      running().signal('SIGSTOP')
      return atMs
    },
    resume() {
      service?.signal('SIGCONT')
      return performance.now()
    },
    async stop() {
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
