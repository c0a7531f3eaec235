import { setTimeout as delay } from 'node:timers/promises'
import type { Disturbance } from './disturbance.ts'
import type { Lives } from '../../fleet/lives.ts'
import type { PlannedKill } from '../plan/plan.ts'
import { postgresTree } from '../../fleet/postgres-tree.ts'
import type { Progress } from './progress.ts'
import type { Trouble } from './trouble.ts'

export interface KillerParts {
  readonly planned: readonly PlannedKill[]
  readonly lives: Lives
  readonly progress: Pick<Progress, 'reached' | 'shareOf'>
}

/** Kills the one process at the planned moments of its work, and starts it again. */
export function createKiller({ planned, lives, progress }: KillerParts): Trouble {
  const disturbances: Disturbance[] = []
  return {
    planned: planned.length,
    disturbances,
    async run(signal) {
      for (const { victim, moment, delayMs } of planned) {
        await progress.reached(moment, signal)
        await delay(delayMs, undefined, { signal })
        const note = `${percent(progress.shareOf('publishing'))} published, ${percent(progress.shareOf('delivering'))} delivered`
        const atMs = await lives.kill(victim === 'node' ? [] : await postgresTree(await lives.running().postgresPid()))
        await lives.start()
        disturbances.push({ victim, how: 'kill', name: lives.name, atMs, overAtMs: performance.now(), partitions: 'all', note })
      }
    },
  }
}

const percent = (share: number) => `${Math.round(100 * share)} %`
