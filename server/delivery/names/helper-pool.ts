import type { LookupAddress } from 'node:dns'
import type { Log } from '../../log.ts'
import { beginLookUp, NameError, type LookUp } from './look-up.ts'
import { createTeam, type Member } from './team.ts'

/** The most that libuv makes (deps/uv/src/threadpool.c, MAX_THREADPOOL_SIZE): 512 look-ups at once in a process. */
const THREADS = 1024

export interface HelperPoolParts {
  /** Names that are waited for at the same moment, at most. */
  readonly mostNames: number
  /** Nobody waits for a look-up that was asked for longer ago. */
  readonly patienceMs: number
  readonly log: Log
  /** Of each helper. */
  readonly threads?: number | undefined
  /** See `HelperOptions.program`. */
  readonly program?: string | undefined
}

/** Processes that look names up. The first is started with the first name. */
export interface HelperPool {
  /** What the operating system says. Shared by all who ask before it is known. Rejects with a `NameError`. */
  look(name: string): Promise<readonly LookupAddress[]>
  /** Process ids, the oldest first. */
  pids(): readonly number[]
  /** Ends all of them; look-ups reject, later ones too. */
  close(): void
}

/**
 * The helpers have room for all names that are waited for, and for as many again as one helper takes. So a name that hangs
 * keeps none waiting: the newest helper with room takes the next one, another is started when none has any, and when there
 * may be no more, the one in which the fewest are still waited for is ended with those that are not, and a new one repeats
 * the rest. A name that hangs is looked up once, however often it is asked for.
 */
export function createHelperPool({ mostNames, patienceMs, log, threads = THREADS, program }: HelperPoolParts): HelperPool {
  const mostHelpers = Math.ceil(mostNames / Math.ceil(threads / 2)) + 1
  const running = new Map<string, LookUp>()
  const team = createTeam({ threads, program, log, onDead: (lookUps) => lookUps.forEach(placeAgain) })
  let lastId = 0
  let isClosed = false

  const isWaitedFor = (lookUp: LookUp) => lookUp.age() < patienceMs
  const waitedIn = ({ doing }: Member) => [...doing.values()].filter(isWaitedFor).length

  function place(lookUp: LookUp): void {
    const member = team.members().findLast(({ doing, helper }) => doing.size < helper.room)
      ?? (team.members().length < mostHelpers ? team.start() : renewEmptiest())
    if (member) team.give(member, lookUp)
    else lookUp.fail('EBUSY')
  }

  /** Undefined when those who wait take all the room there is. */
  function renewEmptiest(): Member | undefined {
    const [emptiest] = [...team.members()].sort((one, other) => waitedIn(one) - waitedIn(other))
    return emptiest && waitedIn(emptiest) < emptiest.helper.room ? renew(emptiest) : undefined
  }

  /** Ends it and repeats what is waited for in a new one, which is the answer. */
  function renew(member: Member): Member | undefined {
    const lookUps = team.end(member)
    const next = team.start()
    for (const lookUp of lookUps) {
      if (next && isWaitedFor(lookUp)) team.give(next, lookUp)
      else lookUp.fail('ETIMEOUT')
    }
    return next
  }

  function placeAgain(lookUp: LookUp): void {
    if (isWaitedFor(lookUp)) place(lookUp)
    else lookUp.fail('ETIMEOUT')
  }

  return {
    look(name) {
      if (isClosed) return Promise.reject(new NameError('ECANCELLED'))
      for (const member of team.members()) if (member.helper.isDeaf()) renew(member)
      const joined = running.get(name)
      if (joined) {
        joined.join()
        return joined.addresses
      }
      lastId += 1
      const lookUp = beginLookUp(lastId, name, () => running.delete(name))
      running.set(name, lookUp)
      place(lookUp)
      return lookUp.addresses
    },
    pids: () => team.members().flatMap(({ helper }) => helper.pid ?? []),
    close() {
      isClosed = true
      for (const lookUp of team.members().flatMap(team.end)) lookUp.fail('ECANCELLED')
    },
  }
}
