import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '@tidings/harness/client.ts'
import type { Received, Receiver } from '@tidings/harness/receiver.ts'
import { expect } from 'vitest'
import { jobEvent } from './test-app.ts'

/** What a publisher got instead of 200. `status` 0: there was no response. */
export interface Refusal {
  readonly event: string
  readonly status: number
  /** The message code of the envelope. */
  readonly code: string
  readonly afterMs: number
}

/** Publishers that go on through every fault, each with a series of its own, one event after the other. */
export interface Load {
  /** Begins the names of its events, and those of no other load. */
  readonly prefix: string
  /** Name of each event that got a 200, in the order of the responses. */
  readonly acknowledged: readonly string[]
  readonly refusals: readonly Refusal[]
  /** Resolves when so many more have got a 200. */
  waitForAcknowledged(count: number, deadlineMs?: number): Promise<void>
  /** Resolves when so many more were rejected or got no response. */
  waitForRefused(count: number, deadlineMs?: number): Promise<void>
  /** Lets the requests on their way end. */
  stop(): Promise<void>
}

const DEADLINE_MS = 20_000
/** A rejected publisher waits before its next event, so that a fault does not cause a flood. */
const REST_MS = 25

/**
 * Each publisher ends by itself after so many `events`, if that is given, and rests `pauseMs` between two, so that
 * little piles up where nobody takes it.
 */
export function startLoad(
  client: Client,
  { publishers = 8, events = Infinity, pauseMs = 0 }: { publishers?: number; events?: number; pauseMs?: number } = {},
): Load {
  const prefix = `${randomBytes(4).toString('hex')}/`
  const acknowledged: string[] = []
  const refusals: Refusal[] = []
  const waiting = new Set<() => void>()
  let isStopping = false

  async function publishOne(series: number, number: number): Promise<boolean> {
    const event = `${prefix}${series}/${number}`
    const startedAt = performance.now()
    const { status, body } = await client
      .call(
        'POST',
        '/events/publish',
        jobEvent({ subject: `${prefix}${series}`, seriesId: `${prefix}${series}`, data: event }),
      )
      .catch(() => ({ status: 0, body: undefined }))
    if (status === 200) acknowledged.push(event)
    else
      refusals.push({ event, status, code: body?.message.split(' ')[0] ?? '', afterMs: performance.now() - startedAt })
    for (const look of waiting) look()
    return status === 200
  }

  async function publish(series: number): Promise<void> {
    for (let number = 1; !isStopping && number <= events; number += 1) {
      const isStored = await publishOne(series, number)
      if (!isStored || pauseMs > 0) await delay(isStored ? pauseMs : REST_MS)
    }
  }

  const running = Promise.all(Array.from({ length: publishers }, (_, series) => publish(series)))

  function grow(list: readonly unknown[], count: number, deadlineMs: number): Promise<void> {
    const goal = list.length + count
    return new Promise((resolve, reject) => {
      const limit = AbortSignal.timeout(deadlineMs)
      const look = () => {
        if (list.length < goal && !limit.aborted) return
        waiting.delete(look)
        if (list.length < goal)
          reject(
            new Error(
              `only ${list.length} of ${goal}; ${acknowledged.length} events were acknowledged, ${refusals.length} rejected`,
            ),
          )
        else resolve()
      }
      limit.addEventListener('abort', look)
      waiting.add(look)
    })
  }

  return {
    prefix,
    acknowledged,
    refusals,
    waitForAcknowledged: (count, deadlineMs = DEADLINE_MS) => grow(acknowledged, count, deadlineMs),
    waitForRefused: (count, deadlineMs = DEADLINE_MS) => grow(refusals, count, deadlineMs),
    async stop() {
      isStopping = true
      await running
    },
  }
}

/**
 * Waits until every acknowledged event has come, then judges all that came: numbers without holes, in order, the
 * acknowledged ones in the order of their publishing, no name under two uuids, nothing that was surely not stored.
 */
export async function expectAllDelivered(load: Load, receiver: Receiver, deadlineMs = DEADLINE_MS): Promise<void> {
  const missing = new Set(load.acknowledged)
  let seen = 0
  await receiver
    .waitFor((received) => {
      for (; seen < received.length; seen += 1) missing.delete(nameOf(received[seen]))
      return missing.size === 0
    }, deadlineMs)
    .catch((cause: unknown) => {
      throw new Error(
        `${missing.size} of ${load.acknowledged.length} acknowledged events did not come: ${[...missing].slice(0, 5).join()}`,
        { cause },
      )
    })
  const firsts = firstArrivals(receiver.received).filter((arrival) => nameOf(arrival).startsWith(load.prefix))
  expect(firsts.length, 'an event of a name under two uuids').toBe(new Set(firsts.map(nameOf)).size)
  const surelyNot = new Set(
    load.refusals.filter(({ code }) => code === 'NTFAPI_EVENT_POST_ERR').map(({ event }) => event),
  )
  expect(
    firsts.map(nameOf).filter((name) => surelyNot.has(name)),
    'came although their publishers got "not stored"',
  ).toEqual([])
  expectOrder(firsts, new Set(load.acknowledged))
}

function expectOrder(firsts: readonly Received[], acknowledged: ReadonlySet<string>): void {
  for (const series of new Set(firsts.map(seriesOf))) {
    const arrivals = firsts.filter((arrival) => seriesOf(arrival) === series)
    expect(
      arrivals.map(({ notification }) => notification.event.seriesSeqCount),
      `numbers of ${series}`,
    ).toEqual(arrivals.map((_, index) => index + 1))
    const published = arrivals
      .map(nameOf)
      .filter((name) => acknowledged.has(name))
      .map((name) => Number(name.split('/').at(-1)))
    expect(published, `order of ${series}`).toEqual(published.toSorted((a, b) => a - b))
  }
}

/** A repetition around a fault has the uuid of the first. */
function firstArrivals(received: readonly Received[]): Received[] {
  const uuids = new Set<string>()
  return received.filter(({ notification: { uuid } }) => !uuids.has(uuid) && uuids.add(uuid))
}

const nameOf = (arrival: Received | undefined) => arrival?.notification.event.data ?? ''
const seriesOf = (arrival: Received) => arrival.notification.event.seriesId ?? ''
