import type { Log } from '../../log.ts'
import { startDeadline } from '../../runtime/deadline.ts'
import { startHelper, type Helper, type HelperEnd } from './helper.ts'
import type { LookUp } from './look-up.ts'

const FEWEST_THREADS = 4
/** A helper beside others that has had nothing to do for so long is ended. */
const IDLE_MS = 30_000
/** After one could not be started, none is for so long. */
const RESTART_MS = 1000

/** A helper with what it is doing. */
export interface Member {
  readonly helper: Helper
  readonly doing: Map<number, LookUp>
  stopIdling: () => void
}

export interface TeamParts {
  /** Of each helper. */
  readonly threads: number
  /** See `HelperOptions.program`. */
  readonly program: string | undefined
  /** It ended by itself; these look-ups have no answer. */
  readonly onDead: (lookUps: readonly LookUp[]) => void
  readonly log: Log
}

/** The helpers there are. */
export interface Team {
  /** The oldest first. */
  members(): readonly Member[]
  /** A new member; undefined when the operating system has just refused one. */
  start(): Member | undefined
  give(member: Member, lookUp: LookUp): void
  /** Ends it at once; what it was doing is the caller's now. */
  end(member: Member): readonly LookUp[]
}

export function createTeam({ threads: wanted, program, onDead, log }: TeamParts): Team {
  let all: readonly Member[] = []
  let threads = wanted
  let startableAt = -Infinity

  function remove(member: Member): readonly LookUp[] {
    member.stopIdling()
    all = all.filter((other) => other !== member)
    return [...member.doing.values()]
  }

  function end(member: Member): readonly LookUp[] {
    member.helper.kill()
    return remove(member)
  }

  /** libuv aborts when the system gives it fewer threads than it wants; then the next is started with fewer. */
  function bury(member: Member, { wasReady, by }: HelperEnd): void {
    const lookUps = remove(member)
    log.warn({ by, wasReady, threads, lookUps: lookUps.length }, 'a process that looks names up ended')
    const wantedTooMany = !wasReady && by === 'SIGABRT' && threads > FEWEST_THREADS
    if (wantedTooMany) threads = Math.max(FEWEST_THREADS, Math.floor(threads / 4))
    else {
      if (!wasReady) startableAt = performance.now() + RESTART_MS
      for (const lookUp of lookUps.filter(({ wasLost }) => wasLost)) lookUp.fail('ECANCELLED')
    }
    const rest = lookUps.filter(({ wasLost }) => wantedTooMany || !wasLost)
    for (const lookUp of rest) lookUp.wasLost ||= !wantedTooMany
    onDead(rest)
  }

  const dismiss = (member: Member) => {
    if (all.length > 1) end(member)
  }

  return {
    members: () => all,
    start() {
      if (performance.now() < startableAt) return undefined
      try {
        const member = recruit({ threads, program, onIdle: dismiss, onEnd: bury })
        all = [...all, member]
        return member
      } catch (error) {
        log.warn({ err: error }, 'a process that looks names up could not be started')
        startableAt = performance.now() + RESTART_MS
        return undefined
      }
    },
    give(member, lookUp) {
      member.stopIdling()
      member.doing.set(lookUp.id, lookUp)
      member.helper.look(lookUp.id, lookUp.name)
    },
    end,
  }
}

interface RecruitParts {
  readonly threads: number
  readonly program: string | undefined
  readonly onIdle: (member: Member) => void
  readonly onEnd: (member: Member, end: HelperEnd) => void
}

function recruit({ threads, program, onIdle, onEnd }: RecruitParts): Member {
  const doing = new Map<number, LookUp>()
  const helper = startHelper({ threads, program }, {
    onAnswer(id, answer) {
      const lookUp = doing.get(id)
      doing.delete(id)
      lookUp?.settle(answer)
      if (doing.size === 0) member.stopIdling = startDeadline(IDLE_MS, () => onIdle(member))
    },
    onEnd: (end) => onEnd(member, end),
  })
  const member: Member = { helper, doing, stopIdling: () => undefined }
  return member
}
