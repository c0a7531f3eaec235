import { setTimeout as delay } from 'node:timers/promises'
import type { DatabaseWatch } from '../watch/database-watch.ts'
import type { InjectedFault } from './injected-fault.ts'
import type { Fleet } from '../../fleet/fleet.ts'
import type { SharedServer } from '../../fleet/shared-servers.ts'
import type { Supervisor } from '../../fleet/supervisor.ts'
import type { PlannedFault } from './fault-plan.ts'
import type { Nemesis } from './nemesis.ts'

export interface FleetNemesisDeps {
  readonly planned: readonly PlannedFault[]
  readonly fleet: Pick<Fleet, 'apis' | 'dispatchers' | 'postgresql' | 'rabbitmq'>
  readonly watch: Pick<DatabaseWatch, 'partitionsOf'>
}

/** Injects each fault at its planned time. Faults may overlap, but those of one victim follow one another. */
export function createFleetNemesis({ planned, fleet, watch }: FleetNemesisDeps): Nemesis {
  const injected: InjectedFault[] = []
  const busy = new Map<string, Promise<void>>()

  const nameOf = ({ victim, index }: PlannedFault) =>
    victim === 'api' || victim === 'dispatcher' ? processOf(victim, index).name : victim

  function processOf(role: 'api' | 'dispatcher', index: number): Supervisor {
    const process = { api: fleet.apis, dispatcher: fleet.dispatchers }[role][index]
    if (!process) throw new Error(`there is no ${role} ${index + 1}`)
    return process
  }

  async function inject(one: PlannedFault, signal: AbortSignal): Promise<void> {
    const { victim, how, index, lastsMs } = one
    const done = { victim, how, name: nameOf(one) }
    if (victim === 'api' || victim === 'dispatcher') {
      const process = processOf(victim, index)
      const partitions = victim === 'dispatcher' ? await watch.partitionsOf(process.running().pid) : 'all'
      const times = await (how === 'stop' ? stop(process, lastsMs, signal) : kill(process, lastsMs, signal))
      injected.push({
        ...done,
        ...times,
        partitions,
        note: partitions === 'all' ? '' : `${partitions.size} partitions`,
      })
    } else {
      injected.push({ ...done, ...(await serverOf(one).restart(lastsMs, signal)), partitions: 'all', note: '' })
    }
  }

  function serverOf({ victim }: PlannedFault): SharedServer {
    const server = victim === 'rabbitmq' ? fleet.rabbitmq : fleet.postgresql
    if (!server) throw new Error('there is no RabbitMQ')
    return server
  }

  return {
    planned: planned.length,
    injected,
    async run(signal) {
      const startedAtMs = performance.now()
      await Promise.all(
        planned.map(async (one) => {
          await delay(Math.max(0, startedAtMs + one.atMs - performance.now()), undefined, { signal })
          const name = nameOf(one)
          const mine = (busy.get(name) ?? Promise.resolve()).then(() => inject(one, signal))
          busy.set(name, mine)
          await mine
        }),
      )
      injected.sort((a, b) => a.atMs - b.atMs)
    },
  }
}

interface Times {
  readonly atMs: number
  readonly overAtMs: number
}

async function stop(process: Supervisor, lastsMs: number, signal: AbortSignal): Promise<Times> {
  const atMs = process.pause()
  await delay(lastsMs, undefined, { signal })
  return { atMs, overAtMs: process.resume() }
}

async function kill(process: Supervisor, pauseMs: number, signal: AbortSignal): Promise<Times> {
  const atMs = await process.kill()
  await delay(pauseMs, undefined, { signal })
  await process.start()
  return { atMs, overAtMs: performance.now() }
}
