import { setTimeout as delay } from 'node:timers/promises'
import type { DatabaseWatch } from '../watch/database-watch.ts'
import type { Disturbance } from './disturbance.ts'
import type { Fleet, SharedServer } from '../../fleet/fleet.ts'
import type { Lives } from '../../fleet/lives.ts'
import type { PlannedDisturbance } from './many-plan.ts'
import type { Trouble } from './trouble.ts'

export interface DisturberParts {
  readonly planned: readonly PlannedDisturbance[]
  readonly fleet: Pick<Fleet, 'apis' | 'dispatchers' | 'postgresql' | 'rabbitmq'>
  readonly watch: Pick<DatabaseWatch, 'partitionsOf'>
}

/** Does at its moment what was planned. Several things at once, but to one victim one after the other. */
export function createDisturber({ planned, fleet, watch }: DisturberParts): Trouble {
  const disturbances: Disturbance[] = []
  const busy = new Map<string, Promise<void>>()

  const nameOf = ({ victim, index }: PlannedDisturbance) => (victim === 'api' || victim === 'dispatcher' ? memberOf(victim, index).name : victim)

  function memberOf(role: 'api' | 'dispatcher', index: number): Lives {
    const member = { api: fleet.apis, dispatcher: fleet.dispatchers }[role][index]
    if (!member) throw new Error(`there is no ${role} ${index + 1}`)
    return member
  }

  async function disturb(one: PlannedDisturbance, signal: AbortSignal): Promise<void> {
    const { victim, how, index, lastsMs } = one
    const done = { victim, how, name: nameOf(one) }
    if (victim === 'api' || victim === 'dispatcher') {
      const member = memberOf(victim, index)
      const partitions = victim === 'dispatcher' ? await watch.partitionsOf(member.running().pid) : 'all'
      const times = await (how === 'stop' ? stop(member, lastsMs, signal) : kill(member, lastsMs, signal))
      disturbances.push({ ...done, ...times, partitions, note: partitions === 'all' ? '' : `${partitions.size} partitions` })
    } else {
      disturbances.push({ ...done, ...(await serverOf(one).restart(lastsMs, signal)), partitions: 'all', note: '' })
    }
  }

  function serverOf({ victim }: PlannedDisturbance): SharedServer {
    const server = victim === 'rabbitmq' ? fleet.rabbitmq : fleet.postgresql
    if (!server) throw new Error('there is no RabbitMQ')
    return server
  }

  return {
    planned: planned.length,
    disturbances,
    async run(signal) {
      const startedAtMs = performance.now()
      await Promise.all(planned.map(async (one) => {
        await delay(Math.max(0, startedAtMs + one.atMs - performance.now()), undefined, { signal })
        const name = nameOf(one)
        const mine = (busy.get(name) ?? Promise.resolve()).then(() => disturb(one, signal))
        busy.set(name, mine)
        await mine
      }))
      disturbances.sort((a, b) => a.atMs - b.atMs)
    },
  }
}

interface Times {
  readonly atMs: number
  readonly overAtMs: number
}

async function stop(member: Lives, lastsMs: number, signal: AbortSignal): Promise<Times> {
  const atMs = member.freeze()
  await delay(lastsMs, undefined, { signal })
  return { atMs, overAtMs: member.thaw() }
}

async function kill(member: Lives, pauseMs: number, signal: AbortSignal): Promise<Times> {
  const atMs = await member.kill()
  await delay(pauseMs, undefined, { signal })
  await member.start()
  return { atMs, overAtMs: performance.now() }
}
