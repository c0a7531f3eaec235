import { byAddress, type PlannedMail } from './mail-plan.ts'

/** How often a delayed mail is rejected before it is accepted. */
const DELAYS = 2

/** What came of a run, as its mail server saw it. */
export interface MailTally {
  readonly mails: number
  /** To be taken, and taken exactly once. */
  readonly deliveredOnce: number
  /** Of those: temporarily rejected before. */
  readonly deliveredAfterRetries: number
  /** To be rejected permanently: tried once, never again. */
  readonly givenUp: number
  readonly temporaryRefusals: number
  /** To be taken, and never taken. */
  readonly lost: number
  /** Taken more than once. */
  readonly duplicates: number
  /** Rejected permanently and tried again or still accepted, or settled before an earlier one of its series. */
  readonly wrong: number
}

/** Says to each mail of a plan what is meant for it, and keeps the books. */
export interface MailChecker {
  /** The code to reject with, if any. */
  recipient(address: string): number | undefined
  message(number: number): number | undefined
  /** Every mail has its outcome. */
  readonly isOver: boolean
  books(): MailTally
}

export function createMailChecker(plan: readonly PlannedMail[]): MailChecker {
  const taken = new Map<number, number>()
  const refused = new Map<number, number>()
  const fatesOfAddresses = new Map(
    plan.filter(({ stage }) => stage === 'recipient').map(({ address, outcome }) => [address, outcome]),
  )
  /**
   * Of each address what has not been settled yet. Only the first can be next: it holds back the rest of its series.
   */
  const queues = byAddress(plan)
  /** Refusals of what is delayed: of a mail, or of an address since its last mail was taken. */
  const delays = new Map<string, number>()
  let temporaryRefusals = 0
  let outOfTurn = 0

  function settle(address: string, number: number | undefined, counts: Map<number, number>): void {
    if (number === undefined || queues.get(address)?.[0]?.number !== number) outOfTurn += 1
    else queues.get(address)?.shift()
    if (number !== undefined) counts.set(number, (counts.get(number) ?? 0) + 1)
  }

  function isTooEarly(key: string): boolean {
    const times = delays.get(key) ?? 0
    if (times >= DELAYS) return false
    delays.set(key, times + 1)
    temporaryRefusals += 1
    return true
  }

  return {
    recipient(address) {
      const fate = fatesOfAddresses.get(address)
      if (fate === 'refused') settle(address, queues.get(address)?.[0]?.number, refused)
      if (fate === 'refused') return 550
      return fate === 'delayed' && isTooEarly(address) ? 450 : undefined
    },
    message(number) {
      const { address = '', outcome, stage } = plan[number] ?? {}
      if (stage === 'message' && outcome === 'delayed' && isTooEarly(String(number))) return 451
      const isRefused = stage === 'message' && outcome === 'refused'
      settle(address, number, isRefused ? refused : taken)
      delays.delete(address)
      return isRefused ? 554 : undefined
    },
    get isOver() {
      return taken.size + refused.size === plan.length
    },
    books() {
      const toTake = plan.filter(({ outcome }) => outcome !== 'refused')
      const toRefuse = plan.filter(({ outcome }) => outcome === 'refused')
      const takenOnce = toTake.filter(({ number }) => taken.get(number) === 1)
      const refusedOnce = toRefuse.filter(({ number }) => refused.get(number) === 1 && !taken.has(number))
      return {
        mails: plan.length,
        deliveredOnce: takenOnce.length,
        deliveredAfterRetries: takenOnce.filter(({ outcome }) => outcome === 'delayed').length,
        givenUp: refusedOnce.length,
        temporaryRefusals,
        lost: toTake.filter(({ number }) => !taken.has(number)).length,
        duplicates: [...taken.values()].filter((times) => times > 1).length,
        wrong: toRefuse.length - refusedOnce.length + outOfTurn,
      }
    },
  }
}
