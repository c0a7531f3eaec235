import { createGate, type Gate } from './gate.ts'
import type { Moment } from '../plan/publish-plan.ts'

/** Tracks how far the run has come. */
export interface Progress {
  published(): void
  delivered(): void
  shareOf(work: Moment['of']): number
  /** Resolves in the tick in which this share of the work is done, or at once if it is done already. */
  reached(moment: Moment, signal: AbortSignal): Promise<void>
}

interface Mark {
  readonly moment: Moment
  readonly gate: Gate
}

/** `totals`: how much the whole work is. */
export function createProgress(totals: Readonly<Record<Moment['of'], number>>): Progress {
  const done = { publishing: 0, delivering: 0 }
  const marks = new Set<Mark>()

  const shareOf = (work: Moment['of']) => Math.min(1, done[work] / totals[work])

  function advance(work: Moment['of']): void {
    done[work] += 1
    openReached()
  }

  function openReached(): void {
    for (const { moment, gate } of marks) if (shareOf(moment.of) >= moment.share) gate.open()
  }

  return {
    published: () => advance('publishing'),
    delivered: () => advance('delivering'),
    shareOf,
    async reached(moment, signal) {
      const mark = { moment, gate: createGate() }
      marks.add(mark)
      openReached()
      await mark.gate.pass(signal)
      marks.delete(mark)
    },
  }
}
