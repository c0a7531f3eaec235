import type { Random } from '../world/random.ts'
import type { Scheduler } from '../world/scheduler.ts'
import type { SimMachine } from '../process/machine.ts'
import type { DatabaseServer, SessionLimits } from './server.ts'
import { createPendingAnswers, type StatementResult } from './pending-answers.ts'
import type { Session } from './session.ts'

export type Direction = 'statements' | 'answers'

/** The way between one process and the database: how long what is sent now is under way. */
export interface Link {
  /** In ms, of what the pool of this name sends, or of what it gets. */
  delayMs(pool: string, direction: Direction): number
}

/** A connection as the driver shows it to `createSession` (server/db/pg-session.ts). */
export interface Connection {
  query(statement: string | { readonly text: string; readonly values?: readonly unknown[] }): Promise<StatementResult>
  readonly isBroken: boolean
  /** Hangs up. */
  close(): void
  /** The network cuts it. What is under way is lost, in both directions. */
  cut(): void
}

export interface ConnectionDeps {
  readonly scheduler: Scheduler
  readonly random: Random
  readonly machine: SimMachine
  readonly server: DatabaseServer
  readonly link: Link
  readonly pool: string
  readonly who: string
  readonly limits: SessionLimits
  readonly answerTimeoutMs: number
}

/** Returns undefined when nothing listens. */
export function openConnection(deps: ConnectionDeps): Connection | undefined {
  const { scheduler, random, machine, server, link, pool, who, limits, answerTimeoutMs } = deps
  let isBroken = false
  let arrivesAt = 0
  let answersAt = 0
  let underWay = 0
  const pending = createPendingAnswers(machine, answerTimeoutMs)

  const session: Session | undefined = server.openSession({
    who,
    limits,
    onKilled: (error) => toClient(() => breakWith(error)),
  })
  if (!session) return undefined
  const open = session

  /** In order, as TCP keeps it. */
  function toServer(run: () => void): void {
    arrivesAt = Math.max(arrivesAt, scheduler.now + link.delayMs(pool, 'statements'))
    scheduler.after(arrivesAt - scheduler.now, run)
  }

  function toClient(run: () => void): void {
    answersAt = Math.max(answersAt, scheduler.now + link.delayMs(pool, 'answers'))
    scheduler.after(answersAt - scheduler.now, () => machine.deliver(run))
  }

  function breakWith(error: Error): void {
    if (isBroken) return
    isBroken = true
    pending.rejectAll(error)
  }

  function send(text: string, values: readonly unknown[]): Promise<StatementResult> {
    return new Promise((resolve, reject) => {
      const one = pending.add(resolve, reject)
      underWay += 1
      toServer(() => {
        underWay -= 1
        open.receive({ text, values, reply: (reply) => toClient(() => pending.answer(one, reply)) })
      })
    })
  }

  /** The server learns that the client is gone, and may lose the last of what was sent. */
  function hangUp(maxLost: number): void {
    const lost = random.below(maxLost + 1)
    toServer(() => open.hangUp(lost))
  }

  return {
    query(statement) {
      if (isBroken) return Promise.reject(new Error('Client has encountered a connection error and is not queryable'))
      return typeof statement === 'string' ? send(statement, []) : send(statement.text, statement.values ?? [])
    },
    get isBroken() {
      return isBroken
    },
    close() {
      breakWith(new Error('Connection terminated'))
      hangUp(underWay + 1)
    },
    cut() {
      hangUp(underWay + 2)
      scheduler.after(random.between(0, 5), () =>
        machine.deliver(() => breakWith(new Error('Connection terminated unexpectedly'))),
      )
    },
  }
}
