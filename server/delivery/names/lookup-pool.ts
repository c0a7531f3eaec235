import type { LookupAddress } from 'node:dns'
import type { Log } from '../../log.ts'
import { startLookup, LookupError, type PendingLookup } from './pending-lookup.ts'
import { createLookupWorkers, type LookupWorker } from './lookup-workers.ts'

/** The maximum of libuv (deps/uv/src/threadpool.c, MAX_THREADPOOL_SIZE): 512 look-ups at once per process. */
const THREADS = 1024

export interface LookupPoolOptions {
  /** Names that callers wait for at the same time, at most. */
  readonly maxNames: number
  /** Callers give up after this, counted from their call. */
  readonly timeoutMs: number
  readonly log: Log
  /** Per process. */
  readonly threads?: number | undefined
  /** See `LookupProcessOptions.program`. */
  readonly program?: string | undefined
}

/** Processes that look names up. The first starts with the first name. */
export interface LookupPool {
  /** Resolves a name as the operating system does. Single-flight per name. Rejects with a `LookupError`. */
  lookUp(name: string): Promise<readonly LookupAddress[]>
  /** Returns the process ids, oldest first. */
  pids(): readonly number[]
  /** Ends all processes. Look-ups reject, later ones too. */
  close(): void
}

/**
 * Creates the pool. Its processes have room for all names that are waited for, plus those of one more process, so that
 * a name that hangs causes no head-of-line blocking. The newest process with room takes the next name; if none has
 * room, another is started. If there are already as many as allowed, the process with the fewest names still waited for
 * is killed, together with its abandoned look-ups, and a new process repeats the others. A name that hangs is looked up
 * once, however often it is requested.
 */
export function createLookupPool({
  maxNames,
  timeoutMs,
  log,
  threads = THREADS,
  program,
}: LookupPoolOptions): LookupPool {
  const maxProcesses = Math.ceil(maxNames / Math.ceil(threads / 2)) + 1
  const running = new Map<string, PendingLookup>()
  const workers = createLookupWorkers({ threads, program, log, onExit: (lookups) => lookups.forEach(reassign) })
  let lastId = 0
  let isClosed = false

  const isWaitedFor = (lookup: PendingLookup) => lookup.age() < timeoutMs
  const countAwaited = ({ lookups }: LookupWorker) => [...lookups.values()].filter(isWaitedFor).length

  function assign(lookup: PendingLookup): void {
    const worker =
      workers.all().findLast(({ lookups, process }) => lookups.size < process.capacity) ??
      (workers.all().length < maxProcesses ? workers.start() : replaceLeastBusy())
    if (worker) workers.assign(worker, lookup)
    else lookup.fail('EBUSY')
  }

  /** Returns undefined if look-ups that are waited for take all the room. */
  function replaceLeastBusy(): LookupWorker | undefined {
    const [leastBusy] = [...workers.all()].sort((one, other) => countAwaited(one) - countAwaited(other))
    return leastBusy && countAwaited(leastBusy) < leastBusy.process.capacity ? replace(leastBusy) : undefined
  }

  /** Kills a process and repeats what is waited for in a new one, which it returns. */
  function replace(worker: LookupWorker): LookupWorker | undefined {
    const lookups = workers.end(worker)
    const next = workers.start()
    for (const lookup of lookups) {
      if (next && isWaitedFor(lookup)) workers.assign(next, lookup)
      else lookup.fail('ETIMEOUT')
    }
    return next
  }

  function reassign(lookup: PendingLookup): void {
    if (isWaitedFor(lookup)) assign(lookup)
    else lookup.fail('ETIMEOUT')
  }

  return {
    lookUp(name) {
      if (isClosed) return Promise.reject(new LookupError('ECANCELLED'))
      for (const worker of workers.all()) if (worker.process.isUnresponsive()) replace(worker)
      const joined = running.get(name)
      if (joined) {
        joined.join()
        return joined.addresses
      }
      lastId += 1
      const lookup = startLookup(lastId, name, () => running.delete(name))
      running.set(name, lookup)
      assign(lookup)
      return lookup.addresses
    },
    pids: () => workers.all().flatMap(({ process }) => process.pid ?? []),
    close() {
      isClosed = true
      for (const lookup of workers.all().flatMap(workers.end)) lookup.fail('ECANCELLED')
    },
  }
}
