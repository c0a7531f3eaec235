import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Client } from '../../client.ts'
import { startReceiver, type ReceiverResponse, type Received, type Receiver } from '../../receiver.ts'
import type { Plan } from '../plan/publish-plan.ts'
import { stepOf } from '../publish/publishers.ts'
import { createRandom, type Random } from '../plan/random.ts'

const REJECTED_SHARE = 0.1
const CLOSED_SHARE = 0.02
/** Only the arrivals are kept: hundreds of thousands of whole requests would not fit into memory. */
const KEEP_NO_REQUESTS = { keepsRequests: false }
const HASH_BYTES = 12

/** One request of the service to a target. */
export interface Arrival {
  readonly target: string
  readonly seriesId: string
  readonly step: number
  readonly number: number
  readonly eventUuid: string
  readonly notificationUuid: string
  readonly bodyHash: string
  /** Monotonic ms; the response was decided in the same tick. */
  readonly atMs: number
  /** `rejected`: a 500; `closed`: the connection was closed without a response. */
  readonly answer: 'ok' | 'rejected' | 'closed'
}

/** A subscription with one address. */
export interface Target {
  readonly name: string
  readonly url: string
  /** The only series that it gets, and whose delete flag removes it; undefined: it gets everything and stays. */
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
 * Starts three receivers, one of them unreliable, each with a subscription to everything. Each series that ends with a
 * delete flag has another subscription to its subject, at the first two receivers in turn.
 */
export async function createTargets(plan: Plan, onDelivered: () => void): Promise<Targets> {
  const arrivals: Arrival[] = []
  const receivers = {
    steady: await startReceiver(KEEP_NO_REQUESTS),
    second: await startReceiver(KEEP_NO_REQUESTS),
    unreliable: await startReceiver(KEEP_NO_REQUESTS),
  }
  const random = createRandom(plan.seed + 1)
  const names = new Map(
    [...Object.keys(receivers), ...plan.series.flatMap(({ seriesId }) => [seriesId, targetOf(seriesId)])].map(
      (name) => [name, name],
    ),
  )
  const nameOf = (text: string) => names.get(text) ?? text
  keepArrivals(receivers.steady, () => 'ok')
  keepArrivals(receivers.second, () => 'ok')
  keepArrivals(receivers.unreliable, () => unreliableAnswer(random))

  function keepArrivals(receiver: Receiver, decide: () => Arrival['answer']): void {
    receiver.decide((request, response) => {
      const arrival = { ...arrivalOf(request, nameOf), answer: decide() }
      arrivals.push(arrival)
      if (arrival.answer === 'ok') onDelivered()
      return respond(arrival.answer, response)
    })
  }

  const removed = plan.series
    .filter((series) => series.ending === 'delete_flag')
    .map(({ seriesId, subject }, index): Target => {
      const name = targetOf(seriesId)
      return {
        name,
        seriesId,
        subjectFilter: subject,
        url: (index % 2 === 0 ? receivers.steady : receivers.second).url(`/${name}`),
      }
    })
  const kept = Object.entries(receivers).map(([name, receiver]): Target => ({
    name,
    seriesId: undefined,
    subjectFilter: '*',
    url: receiver.url(`/${name}`),
  }))
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

/** Returns the name of the target that is removed with this series. */
const targetOf = (seriesId: string) => `removed-with-${seriesId}`

async function subscribe(client: Client, { name, url, subjectFilter }: Target): Promise<void> {
  const { status, body } = await client.call('POST', '/subscriptions', {
    name,
    subjectFilter,
    typeFilter: 'jobs.*.*',
    ttlMinutes: -1,
    deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: url }],
  })
  if (status !== 201) throw new Error(`no subscription ${name}: ${status} ${body?.message ?? ''}`)
}

/** `nameOf` replaces a string cut out of the request by an equal one that is shared, to save memory. */
function arrivalOf(
  { path, notification, rawBody }: Received,
  nameOf: (text: string) => string,
): Omit<Arrival, 'answer'> {
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
  if (drawn < REJECTED_SHARE) return 'rejected'
  return drawn < REJECTED_SHARE + CLOSED_SHARE ? 'closed' : 'ok'
}

function respond(answer: Arrival['answer'], response: ServerResponse): ReceiverResponse {
  switch (answer) {
    case 'ok':
      return 200
    case 'rejected':
      return 500
    case 'closed':
      response.destroy()
      return 'withheld'
    default:
      return answer satisfies never
  }
}
