import type { Log } from '../../log.ts'
import { startDeadline } from '../../runtime/deadline.ts'
import { startLookupProcess, type LookupProcess, type LookupProcessEnd } from './lookup-process.ts'
import type { PendingLookup } from './pending-lookup.ts'

const MIN_THREADS = 4
/** A process that has been idle for this long is ended, unless it is the only one. */
const IDLE_MS = 30_000
/** After a failed start, no process is started for this long. */
const RESTART_DELAY_MS = 1000

/** A process with its look-ups. */
export interface LookupWorker {
  readonly process: LookupProcess
  readonly lookups: Map<number, PendingLookup>
  stopIdling: () => void
}

export interface LookupWorkersDeps {
  /** Per process. */
  readonly threads: number
  /** See `LookupProcessOptions.program`. */
  readonly program: string | undefined
  /** Called when a process ended by itself, with its unanswered look-ups that are to be repeated. */
  readonly onExit: (lookups: readonly PendingLookup[]) => void
  readonly log: Log
}

/** The running processes. */
export interface LookupWorkers {
  /** Returns them, oldest first. */
  all(): readonly LookupWorker[]
  /** Starts a process; undefined if one could not be started in the last second. */
  start(): LookupWorker | undefined
  assign(worker: LookupWorker, lookup: PendingLookup): void
  /** Kills a process; returns its look-ups, which are the caller's now. */
  end(worker: LookupWorker): readonly PendingLookup[]
}

export function createLookupWorkers({ threads: wanted, program, onExit, log }: LookupWorkersDeps): LookupWorkers {
  let all: readonly LookupWorker[] = []
  let threads = wanted
  let startableAt = -Infinity

  function remove(worker: LookupWorker): readonly PendingLookup[] {
    worker.stopIdling()
    all = all.filter((other) => other !== worker)
    return [...worker.lookups.values()]
  }

  function end(worker: LookupWorker): readonly PendingLookup[] {
    worker.process.kill()
    return remove(worker)
  }

  /** libuv aborts if the system gives it fewer threads than it wants; the next process then starts with fewer. */
  function onWorkerExit(worker: LookupWorker, { wasReady, by }: LookupProcessEnd): void {
    const pending = remove(worker)
    log.warn({ by, wasReady, threads, lookUps: pending.length }, 'a process that looks up names has ended')
    const wantedTooMany = !wasReady && by === 'SIGABRT' && threads > MIN_THREADS
    if (wantedTooMany) threads = Math.max(MIN_THREADS, Math.floor(threads / 4))
    else {
      if (!wasReady) startableAt = performance.now() + RESTART_DELAY_MS
      for (const lookup of pending.filter(({ wasLost }) => wasLost)) lookup.fail('ECANCELLED')
    }
    const rest = pending.filter(({ wasLost }) => wantedTooMany || !wasLost)
    for (const lookup of rest) lookup.wasLost ||= !wantedTooMany
    onExit(rest)
  }

  const stopIfIdle = (worker: LookupWorker) => {
    if (all.length > 1) end(worker)
  }

  return {
    all: () => all,
    start() {
      if (performance.now() < startableAt) return undefined
      try {
        const worker = startWorker({ threads, program, onIdle: stopIfIdle, onEnd: onWorkerExit })
        all = [...all, worker]
        return worker
      } catch (error) {
        log.warn({ err: error }, 'a process that looks up names could not be started')
        startableAt = performance.now() + RESTART_DELAY_MS
        return undefined
      }
    },
    assign(worker, lookup) {
      worker.stopIdling()
      worker.lookups.set(lookup.id, lookup)
      worker.process.lookUp(lookup.id, lookup.name)
    },
    end,
  }
}

interface StartWorkerDeps {
  readonly threads: number
  readonly program: string | undefined
  readonly onIdle: (worker: LookupWorker) => void
  readonly onEnd: (worker: LookupWorker, end: LookupProcessEnd) => void
}

function startWorker({ threads, program, onIdle, onEnd }: StartWorkerDeps): LookupWorker {
  const lookups = new Map<number, PendingLookup>()
  const process = startLookupProcess(
    { threads, program },
    {
      onAnswer(id, answer) {
        const lookup = lookups.get(id)
        lookups.delete(id)
        lookup?.settle(answer)
        if (lookups.size === 0) worker.stopIdling = startDeadline(IDLE_MS, () => onIdle(worker))
      },
      onEnd: (end) => onEnd(worker, end),
    },
  )
  const worker: LookupWorker = { process, lookups, stopIdling: () => undefined }
  return worker
}
