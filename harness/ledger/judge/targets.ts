import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Client } from '../../client.ts'
import { startReceiver, type Answer, type Received, type Receiver } from '../../receiver.ts'
import type { Plan } from '../plan/plan.ts'
import { stepOf } from '../publish/publishers.ts'
import { createRandom, type Random } from '../plan/random.ts'

const REFUSED_SHARE = 0.1
const CLOSED_SHARE = 0.02
/** The arrivals are what is kept: hundreds of thousands of whole requests would not fit. */
const FORGETFUL = { keepsRequests: false }
const HASH_BYTES = 12

/** One request of the service to a target, in the order in which they came. */
export interface Arrival {
  readonly target: string
  readonly seriesId: string
  readonly step: number
  readonly number: number
  readonly eventUuid: string
  readonly notificationUuid: string
  readonly bodyHash: string
  /** Monotonic ms; in the same tick the answer was decided. */
  readonly atMs: number
  /** `refused` is a 500; `closed`: the connection, without an answer. */
  readonly answer: 'ok' | 'refused' | 'closed'
}

/** A subscription with one address. */
export interface Target {
  readonly name: string
  readonly url: string
  /** Of one series only, whose delete flag removes the subscription; undefined: everything, for ever. */
  readonly seriesId: string | undefined
  readonly subjectFilter: string
}

export interface Targets {
  readonly all: readonly Target[]
  readonly arrivals: readonly Arrival[]
  /** Creates the subscriptions. */
  subscribe(client: Client): Promise<void>
  close(): Promise<void>
}

/**
 * Three receivers, one of them unreliable, each with a subscription to everything; and for each series that is ended by
 * a delete flag a subscription to its subject, received by the first two in turn.
 */
export async function createTargets(plan: Plan, onDelivered: () => void): Promise<Targets> {
  const arrivals: Arrival[] = []
  const receivers = { steady: await startReceiver(FORGETFUL), second: await startReceiver(FORGETFUL), unreliable: await startReceiver(FORGETFUL) }
  const random = createRandom(plan.seed + 1)
  const names = new Map([...Object.keys(receivers), ...plan.series.flatMap(({ seriesId }) => [seriesId, targetOf(seriesId)])].map((name) => [name, name]))
  const nameOf = (text: string) => names.get(text) ?? text
  keepArrivals(receivers.steady, () => 'ok')
  keepArrivals(receivers.second, () => 'ok')
  keepArrivals(receivers.unreliable, () => unreliableAnswer(random))

  function keepArrivals(receiver: Receiver, decide: () => Arrival['answer']): void {
    receiver.decide((request, response) => {
      const arrival = { ...arrivalOf(request, nameOf), answer: decide() }
      arrivals.push(arrival)
      if (arrival.answer === 'ok') onDelivered()
      return give(arrival.answer, response)
    })
  }

  const removed = plan.series.filter((series) => series.ending === 'delete_flag').map(({ seriesId, subject }, index): Target => {
    const name = targetOf(seriesId)
    return { name, seriesId, subjectFilter: subject, url: (index % 2 === 0 ? receivers.steady : receivers.second).url(`/${name}`) }
  })
  const kept = Object.entries(receivers).map(([name, receiver]): Target => ({ name, seriesId: undefined, subjectFilter: '*', url: receiver.url(`/${name}`) }))
  const all = [...kept, ...removed]

  return {
    all,
    arrivals,
    async subscribe(client) {
      for (const target of all) await subscribe(client, target)
    },
    async close() {
      await Promise.all(Object.values(receivers).map((receiver) => receiver.close()))
    },
  }
}

/** Of the target that goes with this series. */
const targetOf = (seriesId: string) => `removed-with-${seriesId}`

async function subscribe(client: Client, { name, url, subjectFilter }: Target): Promise<void> {
  const { status, body } = await client.call('POST', '/subscriptions', {
    name, subjectFilter, typeFilter: 'jobs.*.*', ttlMinutes: -1, deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: url }],
  })
  if (status !== 201) throw new Error(`no subscription ${name}: ${status} ${body?.message ?? ''}`)
}

/** `nameOf` answers a text that is kept already for one that was cut out of the request. */
function arrivalOf({ path, notification, rawBody }: Received, nameOf: (text: string) => string): Omit<Arrival, 'answer'> {
  const { uuid, event } = notification
  return {
    target: nameOf(path.slice(1)),
    seriesId: nameOf(event.seriesId ?? ''),
    step: stepOf(event.data),
    number: event.seriesSeqCount,
    eventUuid: event.uuid,
    notificationUuid: uuid,
    bodyHash: createHash('sha256').update(rawBody).digest().toString('base64', 0, HASH_BYTES),
    atMs: performance.now(),
  }
}

function unreliableAnswer(random: Random): Arrival['answer'] {
  const drawn = random()
  if (drawn < REFUSED_SHARE) return 'refused'
  return drawn < REFUSED_SHARE + CLOSED_SHARE ? 'closed' : 'ok'
}

function give(answer: Arrival['answer'], response: ServerResponse): Answer {
  switch (answer) {
    case 'ok': return 200
    case 'refused': return 500
    case 'closed':
      response.destroy()
      return 'withheld'
    default: return answer satisfies never
  }
}
