import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { EventInput } from '@tidings/contract/event.ts'
import { programArguments } from '@tidings/harness/program.ts'
import { BrokerError } from '@tidings/server/broker/broker.ts'
import type { Db } from '@tidings/server/db/db.ts'
import { isLostOwnership } from '@tidings/server/db/fence.ts'
import { DispatchFailed } from '@tidings/server/dispatch/batch.ts'
import { createDispatch } from '@tidings/server/dispatch/dispatch.ts'
import { dispatchRecords } from '@tidings/server/dispatch/dispatch-store.ts'
import { takeRecords } from '@tidings/server/dispatch/take.ts'
import { createLog } from '@tidings/server/log.ts'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createBrokerBackends } from './support/broker-backends.ts'
import type { BrokerTestbed, TestbedProcess } from './support/broker-testbed.ts'
import { requestOf } from './support/core-steps.ts'
import { usedHeapBytes } from './support/heap-usage.ts'
import { eventually } from './support/service-fixtures.ts'
import { createGate } from './support/stepwise-service.ts'
import {
  countEventsOver,
  refuseSubjectRemovals,
  seriesNumbers,
  storedDeadLetters,
  storedEvents,
} from './support/stored-state.ts'

const PUBLISHER = 'test/support/publisher-program.ts'
const MIB = 1024 * 1024

const engines = createBrokerBackends()

beforeAll(engines.start)
afterEach(engines.closePlaces)
afterAll(engines.remove)

/** The stage behind the port, as the service runs it; nobody wakes it. */
function startDispatch({ db }: BrokerTestbed, { request }: TestbedProcess) {
  const { owned } = request()
  const dispatch = createDispatch({
    db,
    slowDb: db,
    log: createLog({ level: 'silent' }),
    // What it has dispatched stays in the tables.
    lanes: {
      keep: () => Promise.resolve(false),
      open: () => owned,
      isOpen: () => true,
      watermarkOf: () => 0,
      dispatched: () => Promise.resolve(),
      fanOuts: () => [],
      openFanOuts: () => [],
      hasRoomFor: () => true,
      expanded: () => Promise.resolve(),
      uncertain: () => undefined,
    },
    ownership: { isLeaseHeld: () => true, refuse: () => undefined },
    onRemovals: () => undefined,
  })
  dispatch.start()
  return dispatch
}

/** Takes so many records and dispatches them, in a transaction of the test. */
async function dispatchIn(tx: Db, { request }: TestbedProcess, count: number): Promise<void> {
  const { owned, partitions } = request()
  const taken = await vi.waitFor(
    async () => {
      const records = await takeRecords(tx, partitions, 500)
      expect(records).toHaveLength(count)
      return records
    },
    { timeout: 20_000, interval: 10 },
  )
  await dispatchRecords(tx, owned, requestOf(taken))
}

const hasLostOwnership = (error: unknown) => error instanceof DispatchFailed && isLostOwnership(error.cause)

const uuidsOf = (records: readonly { uuid: string }[]) => records.map(({ uuid }) => uuid)

/** Publishes again while the broker comes back, as the group writer does. */
const publishAgain = (member: TestbedProcess, ...events: readonly Partial<EventInput>[]) =>
  vi.waitFor(() => member.publish(...events), { timeout: 20_000, interval: 100 })

describe.each(engines.adapters)('the $name as broker', ({ isThere, open, crash, putNewer, putPoison }) => {
  const it = test.skipIf(!isThere)

  async function openOwned(options?: {
    partitions: number
  }): Promise<{ place: BrokerTestbed; member: TestbedProcess }> {
    const place = await open(options)
    const member = await place.addProcess()
    await member.takeOver()
    return { place, member }
  }

  it('records of a partition are taken in the order in which concurrent publishers had them confirmed', async () => {
    const { place, member } = await openOwned({ partitions: 2 })
    const publishers = [await place.addProcess(), await place.addProcess(), member]
    const confirmed: string[] = []
    const begun: { uuid: string; after: number; partition: number }[] = []
    await Promise.all(
      publishers.map(async (publisher) => {
        for (let group = 0; group < 20; group += 1) {
          const after = confirmed.length
          const records = await publisher.publish(
            ...Array.from({ length: 5 }, (_, index) => ({ seriesId: `series ${index}` })),
          )
          begun.push(...records.map(({ uuid, partition }) => ({ uuid, partition, after })))
          confirmed.push(...uuidsOf(records))
        }
      }),
    )
    await member.dispatchAll(300)
    const placeOf = new Map((await place.dispatched()).map((uuid, index) => [uuid, index]))
    expect(placeOf.size).toBe(300)
    const partitions = new Map(begun.map(({ uuid, partition }) => [uuid, partition]))
    const early = begun.filter(({ uuid, partition, after }) =>
      confirmed
        .slice(0, after)
        .some((other) => partitions.get(other) === partition && (placeOf.get(other) ?? 0) > (placeOf.get(uuid) ?? 0)),
    )
    expect(early).toEqual([])
  })

  it('while the commit of a dispatch is delayed, no published event is skipped or reordered', async () => {
    const { place, member } = await openOwned()
    const first = await member.publish({ data: '1' }, { data: '2' })
    const [isTaken, mayCommit] = [createGate(), createGate()]
    const slow = place.db.transaction(async (tx) => {
      await dispatchIn(tx, member, 2)
      isTaken.open()
      await mayCommit.opened
    })
    await Promise.race([isTaken.opened, slow])
    const publishing = (await place.addProcess()).publish({ data: '3' }, { data: '4' })
    // The database keeps publishers of the same partition waiting, a queue does not.
    mayCommit.open()
    await slow
    const later = await publishing
    await member.dispatchAll(2)
    expect(await place.dispatched()).toEqual(uuidsOf([...first, ...later]))
  })

  it('what was confirmed survives kill -9 of the engine, in order and once', async () => {
    const { place, member } = await openOwned()
    const before = [
      ...(await member.publish(...Array.from({ length: 100 }, () => ({})))),
      ...(await member.publish({}, {})),
    ]
    await crash(place)
    const after = await publishAgain(member, {}, {})
    await vi.waitFor(() => member.takeOver(), { timeout: 20_000, interval: 50 })
    await member.dispatchAll(before.length + after.length)
    const dispatched = await place.dispatched()
    expect(dispatched.slice(0, before.length)).toEqual(uuidsOf(before))
    expect(dispatched).toHaveLength(before.length + after.length)
  })

  it('what was confirmed survives kill -9 of the process that published it, in order and once', async () => {
    const { place, member } = await openOwned()
    const child = spawn(process.execPath, [...programArguments(PUBLISHER), JSON.stringify(place.address)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const confirmed: string[] = []
    createInterface({ input: child.stdout }).on('line', (line) => confirmed.push(line))
    await eventually(() => confirmed.length).toBeGreaterThan(50)
    child.kill('SIGKILL')
    await once(child, 'close')
    await member.dispatchAll(confirmed.length)
    expect((await place.dispatched()).slice(0, confirmed.length)).toEqual(confirmed)
  })

  it('what was taken and not committed is taken again, by the same process and by the next', async () => {
    const { place, member } = await openOwned()
    const published = uuidsOf(await member.publish({}, {}, {}, {}))
    const failing = () =>
      place.db.transaction(async (tx) => {
        await dispatchIn(tx, member, 4)
        throw new Error('rolled back')
      })
    for (let attempt = 0; attempt < 2; attempt += 1) await expect(failing()).rejects.toThrow('rolled back')
    await member.dispatchAll(1, { limitPerPartition: 1 })
    const next = await place.addProcess()
    await next.takeOver()
    await member.stop()
    await next.dispatchAll(3)
    expect(await place.dispatched()).toEqual(published)
  })

  it('a process that takes over continues after the last commit; the old one, still alive, gets nothing', async () => {
    const { place, member: first } = await openOwned()
    const published = uuidsOf(await first.publish(...Array.from({ length: 40 }, () => ({}))))
    await first.dispatchAll(10, { limitPerPartition: 5 })
    const second = await place.addProcess()
    await second.takeOver()
    await expect(first.dispatch()).rejects.toSatisfy(hasLostOwnership)
    await first.broker.assign([])
    await second.dispatchAll(30, { limitPerPartition: 7 })
    expect(await place.dispatched()).toEqual(published)
    const later = uuidsOf(await second.publish({}, {}))
    await second.dispatchAll(2)
    expect(await place.dispatched()).toEqual([...published, ...later])
  })

  it('an unreadable record is parked, takes no number, and stops nothing behind it', async () => {
    const { place, member } = await openOwned()
    await member.publish({}, {})
    await putPoison(place)
    await member.publish({})
    await member.dispatchAll(4)
    expect(await seriesNumbers(place.db)).toEqual([3])
    expect(await storedDeadLetters(place.db)).toMatchObject([{ kind: expect.any(String) as string }])
    expect((await member.dispatch()).records).toBe(0)
  })

  it('a record that alone breaks the transaction by its content is parked, its neighbours are numbered', async () => {
    const { place, member } = await openOwned()
    // Stands for a content that PostgreSQL does not take; all known ones are rejected before.
    await refuseSubjectRemovals(place.db)
    const records = [place.record(), place.record({ deleteSubscriptionsMatchingSubject: true }), place.record()]
    await member.broker.publish(records)
    const dispatch = startDispatch(place, member)
    await eventually(place.dispatched).toEqual(uuidsOf(records))
    await dispatch.stop()
    expect(await seriesNumbers(place.db)).toEqual([2])
    expect(await storedDeadLetters(place.db)).toMatchObject([
      { uuid: records[1]?.uuid, reason: 'SQLSTATE 22021: indigestible' },
    ])
  })

  it('a newer format of record is rejected with its partition, and nothing is parked', async () => {
    const { place, member } = await openOwned()
    const before = uuidsOf(await member.publish({}, {}))
    await putNewer(place)
    await member.publish({})
    const [partition] = [place.record().partition]
    await member.dispatchAll(2, { limitPerPartition: 1 })
    await eventually(async () => {
      await member.dispatch().catch(() => undefined)
      return member.refused()
    }).toEqual([partition])
    expect(await place.dispatched()).toEqual(before)
    expect(await storedDeadLetters(place.db)).toEqual([])
  })

  it('a backlog of 100 records of 1 MiB is dispatched completely, and does not fill the memory', async () => {
    const { place, member } = await openOwned({ partitions: 1 })
    const data = 'x'.repeat(MIB)
    const published: string[] = []
    await member.broker.assign([])
    for (let event = 0; event < 100; event += 1) published.push(...uuidsOf(await member.publish({ data })))
    const before = usedHeapBytes()
    let mostBytes = 0
    await member.takeOver()
    for (let left = 100; left > 0;) {
      left -= (await member.dispatchAll(1))[0] ?? 0
      mostBytes = Math.max(mostBytes, usedHeapBytes() - before)
    }
    expect(await place.dispatched()).toEqual(published)
    expect(mostBytes).toBeLessThan(64 * MIB)
    expect(await countEventsOver(place.db, MIB)).toBe(100)
  })

  it('any text arrives unchanged, even 1 MiB of it', async () => {
    const { place, member } = await openOwned()
    const records = ['\u0000\ud800 "\\', '\u{1f600}é\u2028\ufeff'.repeat(1000), 'ü'.repeat(MIB / 2)].map((data) =>
      place.record({ data }),
    )
    await member.broker.publish(records)
    await member.dispatchAll(3)
    expect(await storedEvents(place.db)).toMatchObject(
      records.map(({ uuid, body, seqOffset, bodyBytes, received }) => ({ uuid, body, seqOffset, bodyBytes, received })),
    )
  })

  it('records that nobody announces are found by polling', async () => {
    const { place, member } = await openOwned()
    const dispatch = startDispatch(place, member)
    const publisher = await place.addProcess()
    const published = [...(await publisher.publish({})), ...(await publisher.publish({}))]
    await eventually(place.dispatched).toEqual(uuidsOf(published))
    await dispatch.stop()
  })

  it('a record written again, in the same batch or later, is dispatched once and in its first place', async () => {
    const { place, member } = await openOwned()
    const [a, b, c] = [place.record(), place.record(), place.record()]
    await member.broker.publish([a, b, a])
    await member.broker.publish([b, a])
    await member.broker.publish([a, c])
    await member.dispatchAll(3)
    expect(await place.dispatched()).toEqual(uuidsOf([a, b, c]))
    expect((await member.dispatch()).records).toBe(0)
  })

  it('without a problem none is reported, and stop may be called twice', async () => {
    const { member } = await openOwned()
    await eventually(() => member.broker.problem()).toBeUndefined()
    await member.stop()
    await member.stop()
    await expect(member.publish({})).rejects.toThrow(BrokerError)
  })
})
