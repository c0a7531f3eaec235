import { setTimeout as delay } from 'node:timers/promises'
import type { InjectedFault } from './injected-fault.ts'
import type { Supervisor } from '../../fleet/supervisor.ts'
import type { PlannedKill } from '../plan/publish-plan.ts'
import { postgresTree } from '../../fleet/postgres-tree.ts'
import type { Progress } from './progress.ts'
import type { Nemesis } from './nemesis.ts'

export interface ProcessNemesisDeps {
  readonly planned: readonly PlannedKill[]
  readonly supervisor: Supervisor
  readonly progress: Pick<Progress, 'reached' | 'shareOf'>
}

/** Kills the only process at the planned points of its work, and starts it again. */
export function createProcessNemesis({ planned, supervisor, progress }: ProcessNemesisDeps): Nemesis {
  const injected: InjectedFault[] = []
  return {
    planned: planned.length,
    injected,
    async run(signal) {
      for (const { victim, moment, delayMs } of planned) {
        await progress.reached(moment, signal)
        await delay(delayMs, undefined, { signal })
        const [published, delivered] = [progress.shareOf('publishing'), progress.shareOf('delivering')]
        const note = `${percent(published)} published, ${percent(delivered)} delivered`
        const atMs = await supervisor.kill(
          victim === 'node' ? [] : await postgresTree(await supervisor.running().postgresPid()),
        )
        await supervisor.start()
        injected.push({
          victim,
          how: 'kill',
          name: supervisor.name,
          atMs,
          overAtMs: performance.now(),
          partitions: 'all',
          note,
        })
      }
    },
  }
}

const percent = (share: number) => `${Math.round(100 * share)} %`
