/**
 * How long later calls get the outcome of a run that is over, in ms from its end. 0: calls share it only while it runs.
 */
export interface KeptOutcomes {
  readonly resultMs: number
  readonly errorMs: number
}

/** Calls made at the same time share one run of the work, and its outcome. */
export interface SingleFlight<Value> {
  /** Joins the run in progress, returns the last outcome while it is kept, or starts a run. */
  run(): Promise<Value>
  /** The run in progress; undefined when there is none. */
  inFlight(): Promise<Value> | undefined
}

const NOTHING_KEPT: KeptOutcomes = { resultMs: 0, errorMs: 0 }

/** Makes `work` single-flight. `clock` is monotonic, in ms. */
export function createSingleFlight<Value>(
  work: () => Promise<Value>,
  kept: KeptOutcomes = NOTHING_KEPT,
  clock: () => number = () => performance.now(),
): SingleFlight<Value> {
  let last: Promise<Value> | undefined
  let isRunning = false
  let keptUntil = -Infinity

  async function start(): Promise<Value> {
    isRunning = true
    try {
      const value = await work()
      keptUntil = clock() + kept.resultMs
      return value
    } catch (error) {
      keptUntil = clock() + kept.errorMs
      throw error
    } finally {
      isRunning = false
    }
  }

  return {
    run() {
      if (last === undefined || (!isRunning && clock() >= keptUntil)) last = start()
      return last
    },
    inFlight: () => (isRunning ? last : undefined),
  }
}

/** Shares runs by key: a call joins the run of its key that is in progress, if there is one. No outcome is kept. */
export function createSingleFlightByKey<Value>(): (key: string, work: () => Promise<Value>) => Promise<Value> {
  const inFlight = new Map<string, Promise<Value>>()

  return (key, work) => {
    const running = inFlight.get(key)
    if (running) return running
    const started = work().finally(() => inFlight.delete(key))
    inFlight.set(key, started)
    return started
  }
}
