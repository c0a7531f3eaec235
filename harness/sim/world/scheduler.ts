import { setImmediate } from 'node:timers'

/** Simulated time, and what happens when. Two things never happen at once: those of one moment keep their order. */
export interface Scheduler {
  /** Simulated ms since the beginning. */
  readonly now: number
  /** How many steps have run. */
  readonly steps: number
  /** Runs `step` after `ms`, unless the returned function is called first. */
  after(ms: number, step: () => void): () => void
  /** Runs steps until `isOver`, until nothing is left to happen, or until simulated time has reached `untilMs`. */
  run(untilMs: number, isOver: () => boolean): Promise<void>
}

interface Event {
  readonly at: number
  readonly order: number
  step: (() => void) | undefined
}

/** Steps between two turns of the real event loop. */
const STEPS_PER_TURN = 500

export function createScheduler(): Scheduler {
  const events = createHeap()
  let now = 0
  let order = 0
  let steps = 0

  function next(untilMs: number): Event | undefined {
    for (;;) {
      const event = events.peek()
      if (!event || event.at > untilMs) return undefined
      events.pop()
      if (event.step) return event
    }
  }

  /**
   * Each step is an immediate of its own. Node.js runs all microtasks between two of them, so every promise that a step
   * has settled has had its consequences before the next step; and nothing of the real world comes between.
   */
  function run(untilMs: number, isOver: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let isEnded = false
      const end = (settle: () => void) => {
        isEnded = true
        settle()
      }
      const one = () => {
        if (isEnded) return
        const event = isOver() ? undefined : next(untilMs)
        if (!event) {
          end(resolve)
          return
        }
        now = event.at
        steps += 1
        try {
          event.step?.()
        } catch (error) {
          end(() => reject(error instanceof Error ? error : new Error(String(error))))
        }
      }
      const turn = () => {
        for (let count = 0; count < STEPS_PER_TURN; count += 1) setImmediate(one)
        setImmediate(() => {
          if (!isEnded) turn()
        })
      }
      turn()
    })
  }

  return {
    get now() {
      return now
    },
    get steps() {
      return steps
    },
    after(ms, step) {
      const event: Event = { at: now + Math.max(0, ms), order: (order += 1), step }
      events.push(event)
      return () => {
        event.step = undefined
      }
    },
    run,
  }
}

const isBefore = (a: Event, b: Event) => a.at < b.at || (a.at === b.at && a.order < b.order)

/** A binary heap, the next event on top. */
function createHeap() {
  const heap: Event[] = []

  function swap(a: number, b: number): void {
    const [first, second] = [heap[a], heap[b]]
    if (first && second) [heap[a], heap[b]] = [second, first]
  }

  const isSmaller = (a: number, b: number) => {
    const [first, second] = [heap[a], heap[b]]
    return first !== undefined && second !== undefined && isBefore(first, second)
  }

  return {
    peek: () => heap[0],
    push(event: Event) {
      heap.push(event)
      for (let at = heap.length - 1; at > 0 && isSmaller(at, (at - 1) >> 1); at = (at - 1) >> 1) swap(at, (at - 1) >> 1)
    },
    pop() {
      const last = heap.pop()
      if (!last || heap.length === 0) return
      heap[0] = last
      for (let at = 0; ;) {
        const left = 2 * at + 1
        const least = isSmaller(left + 1, left) ? left + 1 : left
        if (!isSmaller(least, at)) return
        swap(at, least)
        at = least
      }
    },
  }
}
