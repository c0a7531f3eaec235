import { buffer } from 'node:stream/consumers'
import { createWaiting } from '@tidings/harness/waiting.ts'
import { SMTPServer } from 'smtp-server'
import type { PlannedMail } from './mail-plan.ts'

/** How often a delayed mail is refused before it is taken. */
const DELAYS = 2

/** What came of a run, as its mail server saw it. */
export interface MailBooks {
  readonly mails: number
  /** To be taken, and taken exactly once. */
  readonly deliveredOnce: number
  /** Taken, after they were refused for a while. */
  readonly deliveredAfterRetries: number
  /** To be refused for ever: asked once, never again. */
  readonly givenUp: number
  readonly temporaryRefusals: number
  /** To be taken, and never taken. */
  readonly lost: number
  /** Taken more than once. */
  readonly duplicates: number
  /** Taken although it was refused for ever, asked again after that, or taken before an earlier one of its series. */
  readonly wrong: number
}

export interface RefusingMailServer {
  readonly port: number
  /** Resolves when every mail has met its fate. Rejects when nothing more happened for so long. */
  settled(patienceMs: number): Promise<void>
  books(): MailBooks
  close(): Promise<void>
}

/** A real SMTP server on 127.0.0.1 that treats each mail of the plan as it is meant to be. A mail carries its number in the type of its event: `jobs.RUN.M<number>`. */
export async function startRefusingMailServer(plan: readonly PlannedMail[]): Promise<RefusingMailServer> {
  const taken = new Map<number, number>()
  const refused = new Map<number, number>()
  /** Refusals of a delayed address since its last mail was taken. */
  const patience = new Map<string, number>()
  const fatesOfAddresses = new Map(plan.filter(({ stage }) => stage === 'recipient').map(({ address, fate }) => [address, fate]))
  /** Mails of an address that were not settled yet, in their order: what a recipient is refused for is the first of them. */
  const queues = Map.groupBy(plan, ({ address }) => address)
  const waiting = createWaiting()
  let temporaryRefusals = 0
  let outOfOrder = 0
  let events = 0

  const add = (counts: Map<number, number>, number: number) => counts.set(number, (counts.get(number) ?? 0) + 1)

  function settle(address: string, number: number, counts: Map<number, number>): void {
    add(counts, number)
    if (queues.get(address)?.[0]?.number === number) queues.get(address)?.shift()
    else outOfOrder += 1
  }

  function answerRecipient(address: string): number | undefined {
    const fate = fatesOfAddresses.get(address)
    if (fate === 'refused') {
      const [next] = queues.get(address) ?? []
      if (next) settle(address, next.number, refused)
      else outOfOrder += 1
      return 550
    }
    return fate === 'delayed' && isTooEarly(address) ? 450 : undefined
  }

  function answerMessage(number: number): number | undefined {
    const { address = '', fate, stage } = plan[number] ?? {}
    if (stage === 'message' && fate === 'refused') {
      settle(address, number, refused)
      return 554
    }
    if (stage === 'message' && fate === 'delayed' && isTooEarly(String(number))) return 451
    patience.delete(address)
    settle(address, number, taken)
    return undefined
  }

  function isTooEarly(key: string): boolean {
    const times = patience.get(key) ?? 0
    patience.set(key, times + 1)
    if (times >= DELAYS) return false
    temporaryRefusals += 1
    return true
  }

  const answer = (code: number | undefined, callback: (error?: Error) => void) => {
    events += 1
    waiting.look()
    callback(code === undefined ? undefined : Object.assign(new Error('as planned'), { responseCode: code }))
  }
  const server = new SMTPServer({
    authOptional: true, disabledCommands: ['STARTTLS', 'AUTH'], disableReverseLookup: true, closeTimeout: 1,
    onRcptTo: ({ address }, _session, callback) => answer(answerRecipient(address), callback),
    onData: (stream, _session, callback) => void buffer(stream).then((raw) => answer(answerMessage(numberOf(raw)), callback), () => undefined),
  })
  server.on('error', () => undefined)
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })

  return {
    port,
    async settled(patienceMs) {
      for (let before = -1; before !== events;) {
        before = events
        const isOver = await waiting.until(() => taken.size + refused.size === plan.length, patienceMs, () => 'not yet').then(() => true, () => false)
        if (isOver) return
      }
      throw new Error(`nothing more came for ${patienceMs} ms; ${taken.size} taken and ${refused.size} refused of ${plan.length}`)
    },
    books() {
      const toTake = plan.filter(({ fate }) => fate !== 'refused')
      const toRefuse = plan.filter(({ fate }) => fate === 'refused')
      const takenOnce = toTake.filter(({ number }) => taken.get(number) === 1)
      const refusedOnce = toRefuse.filter(({ number }) => refused.get(number) === 1 && !taken.has(number))
      return {
        mails: plan.length,
        deliveredOnce: takenOnce.length,
        deliveredAfterRetries: takenOnce.filter(({ fate }) => fate === 'delayed').length,
        givenUp: refusedOnce.length,
        temporaryRefusals,
        lost: toTake.filter(({ number }) => !taken.has(number)).length,
        duplicates: [...taken.values()].filter((times) => times > 1).length,
        wrong: toRefuse.length - refusedOnce.length + outOfOrder,
      }
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** The number of a mail, from its subject line. */
const numberOf = (raw: Buffer) => Number(/^Subject: .*jobs\.RUN\.M(\d+)/m.exec(raw.toString('latin1'))?.[1] ?? -1)
