import { setTimeout as delay } from 'node:timers/promises'
import type { Gap } from './duplicates.ts'
import type { Incarnations } from './incarnations.ts'
import type { PlannedKill } from './plan.ts'
import type { Progress } from './progress.ts'

export interface Kill extends Gap {
  readonly victim: PlannedKill['victim']
  /** Shares of the work that were done. */
  readonly published: number
  readonly delivered: number
}

export interface KillerParts {
  readonly planned: readonly PlannedKill[]
  readonly incarnations: Pick<Incarnations, 'kill' | 'start'>
  readonly progress: Pick<Progress, 'reached' | 'shareOf'>
}

export interface Killer {
  /** Kills the service at the planned moments, and starts it again. Resolves after the last start; rejects when aborted. */
  run(signal: AbortSignal): Promise<void>
  /** Those that were made. */
  readonly kills: readonly Kill[]
}

export function createKiller({ planned, incarnations, progress }: KillerParts): Killer {
  const kills: Kill[] = []
  return {
    kills,
    async run(signal) {
      for (const { victim, moment, delayMs } of planned) {
        await progress.reached(moment, signal)
        await delay(delayMs, undefined, { signal })
        const [published, delivered] = [progress.shareOf('publishing'), progress.shareOf('delivering')]
        const atMs = await incarnations.kill(victim)
        await incarnations.start()
        kills.push({ victim, atMs, readyAtMs: performance.now(), published, delivered })
      }
    },
  }
}
