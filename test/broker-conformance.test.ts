import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { EventInput } from '@tidings/contract/event.ts'
import { BrokerError, NewerFormat, RECORD_FORMAT } from '@tidings/server/broker/broker.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { createDispatch } from '@tidings/server/dispatch/dispatch.ts'
import { createLog } from '@tidings/server/log.ts'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createBrokerEngines } from './support/broker-engines.ts'
import type { BrokerPlace, Member } from './support/broker-place.ts'
import { usedBytes } from './support/memory.ts'
import { eventually } from './support/service-test.ts'
import { createGate } from './support/steps.ts'

const PUBLISHER = fileURLToPath(new URL('support/broker-publisher.ts', import.meta.url))
const MIB = 1024 * 1024

const engines = createBrokerEngines()

beforeAll(engines.start)
afterEach(engines.closePlaces)
afterAll(engines.remove)

/** The stage behind the port, as the service runs it; nobody wakes it. */
function startDispatch({ db }: BrokerPlace, { broker, request }: Member) {
  const { holding } = request()
  const dispatch = createDispatch({
    db, slowDb: db, broker, log: createLog({ level: 'silent' }),
    ownership: { holding: () => holding, isLeaseHeld: () => true, refuse: () => undefined },
    onMatched: () => undefined, onRemovals: () => undefined, onUncertain: () => undefined,
  })
  dispatch.start()
  return dispatch
}

const uuidsOf = (records: readonly { uuid: string }[]) => records.map(({ uuid }) => uuid)

/** Publishes again while the broker comes back, as the group writer does. */
const publishAgain = (member: Member, ...events: readonly Partial<EventInput>[]) => vi.waitFor(() => member.publish(...events), { timeout: 20_000, interval: 100 })

describe.each(engines.adapters)('the $name as broker', ({ isThere, open, crash, putNewer, putPoison }) => {
  const it = test.skipIf(!isThere)

  async function openOwned(options?: { partitions: number }): Promise<{ place: BrokerPlace; member: Member }> {
    const place = await open(options)
    const member = await place.join()
    await member.own()
    return { place, member }
  }

  it('records of a partition are taken in the order in which concurrent publishers had them confirmed', async () => {
    const { place, member } = await openOwned({ partitions: 2 })
    const publishers = [await place.join(), await place.join(), member]
    const confirmed: string[] = []
    const begun: { uuid: string; after: number; partition: number }[] = []
    await Promise.all(publishers.map(async (publisher) => {
      for (let group = 0; group < 20; group += 1) {
        const after = confirmed.length
        const records = await publisher.publish(...Array.from({ length: 5 }, (_, index) => ({ seriesId: `series ${index}` })))
        begun.push(...records.map(({ uuid, partition }) => ({ uuid, partition, after })))
        confirmed.push(...uuidsOf(records))
      }
    }))
    await member.dispatchAll(300)
    const placeOf = new Map((await place.dispatched()).map((uuid, index) => [uuid, index]))
    expect(placeOf.size).toBe(300)
    const partitions = new Map(begun.map(({ uuid, partition }) => [uuid, partition]))
    const early = begun.filter(({ uuid, partition, after }) => confirmed.slice(0, after).some((other) => partitions.get(other) === partition && (placeOf.get(other) ?? 0) > (placeOf.get(uuid) ?? 0)))
    expect(early).toEqual([])
  })

  it('while the commit of a dispatch is delayed, nothing that is published is skipped or reordered', async () => {
    const { place, member } = await openOwned()
    const first = await member.publish({ data: '1' }, { data: '2' })
    const [isTaken, mayCommit] = [createGate(), createGate()]
    const slow = place.db.transaction(async (tx) => {
      const taken = await vi.waitFor(async () => {
        const records = await member.broker.take(tx, member.request().partitions, 500)
        expect(records).toHaveLength(2)
        return records
      }, { timeout: 20_000, interval: 10 })
      await member.broker.advance(tx, taken)
      isTaken.open()
      await mayCommit.opened
    })
    await Promise.race([isTaken.opened, slow])
    const publishing = (await place.join()).publish({ data: '3' }, { data: '4' })
    // The database keeps publishers of the same partition waiting, a queue does not.
    mayCommit.open()
    await slow
    member.broker.committed(member.request().partitions)
    const later = await publishing
    await member.dispatchAll(2)
    expect(await place.dispatched()).toEqual(uuidsOf([...first, ...later]))
  })

  it('what was confirmed outlives kill -9 of the engine, in order and once', async () => {
    const { place, member } = await openOwned()
    const before = [...await member.publish(...Array.from({ length: 100 }, () => ({}))), ...await member.publish({}, {})]
    await crash(place)
    const after = await publishAgain(member, {}, {})
    await vi.waitFor(() => member.own(), { timeout: 20_000, interval: 50 })
    await member.dispatchAll(before.length + after.length)
    const dispatched = await place.dispatched()
    expect(dispatched.slice(0, before.length)).toEqual(uuidsOf(before))
    expect(dispatched).toHaveLength(before.length + after.length)
  })

  it('what was confirmed outlives kill -9 of the process that published it, in order and once', async () => {
    const { place, member } = await openOwned()
    const child = spawn(process.execPath, ['--import', 'tsx', PUBLISHER, JSON.stringify(place.address)], { stdio: ['ignore', 'pipe', 'inherit'] })
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
    const failing = () => place.db.transaction(async (tx) => {
      const taken = await member.broker.take(tx, member.request().partitions, 500)
      await member.broker.advance(tx, taken)
      if (taken.length === 4) throw new Error('rolled back')
      throw new Error('not there yet')
    })
    await eventually(() => failing().catch((error: unknown) => (error as Error).message)).toBe('rolled back')
    await expect(failing()).rejects.toThrow('rolled back')
    const next = await place.join()
    await next.own()
    await member.leave()
    await next.dispatchAll(4)
    expect(await place.dispatched()).toEqual(published)
  })

  it('what was committed and never acknowledged is not dispatched again', async () => {
    const { place, member } = await openOwned()
    const published = uuidsOf(await member.publish({}, {}))
    const broker = { ...member.broker, committed: () => undefined }
    await eventually(() => place.db.transaction(async (tx) => {
      const taken = await broker.take(tx, member.request().partitions, 500)
      await broker.advance(tx, taken)
      return taken.length
    })).toBe(2)
    await member.leave()
    const next = await place.join()
    await next.own()
    const later = uuidsOf(await next.publish({}))
    await next.dispatchAll(1)
    expect(await place.dispatched()).toEqual([...published, ...later])
  })

  it('a process that takes over goes on where the last one committed; that one, alive and let go, gets nothing', async () => {
    const { place, member: first } = await openOwned()
    const published = uuidsOf(await first.publish(...Array.from({ length: 40 }, () => ({}))))
    await first.dispatchAll(10, { limitPerPartition: 5 })
    const second = await place.join()
    await second.own()
    await expect(first.dispatch()).rejects.toThrow('a partition belongs to another process')
    await first.broker.hold([])
    await second.dispatchAll(30, { limitPerPartition: 7 })
    expect(await place.dispatched()).toEqual(published)
    const later = uuidsOf(await second.publish({}, {}))
    await second.dispatchAll(2)
    expect(await place.db.transaction((tx) => first.broker.take(tx, first.request().partitions, 500))).toEqual([])
    expect(await place.dispatched()).toEqual([...published, ...later])
  })

  it('what nobody can read is parked, takes no number, and stops nothing behind it', async () => {
    const { place, member } = await openOwned()
    await member.publish({}, {})
    await putPoison(place)
    await member.publish({})
    await member.dispatchAll(4)
    expect(await place.db.query(sql`select last_number as "lastNumber" from series`)).toEqual([{ lastNumber: 3 }])
    expect(await place.db.query(sql`select from dead_letter join event using (partition, position)`)).toHaveLength(1)
    expect((await member.dispatch()).records).toBe(0)
  })

  it('a record that alone breaks the transaction by its content is parked, and its neighbours are numbered', async () => {
    const { place, member } = await openOwned()
    // Stands for a content that PostgreSQL does not take; all that are known are refused before.
    await place.db.query(sql`
      create function refuse() returns trigger language plpgsql as $$
      begin
        raise exception 'indigestible' using errcode = '22021';
      end $$`)
    await place.db.query(sql`create trigger refuse before insert on subject_removal for each row execute function refuse()`)
    const records = [place.record(), place.record({ deleteSubscriptionsMatchingSubject: true }), place.record()]
    await member.broker.publish(records)
    const dispatch = startDispatch(place, member)
    await eventually(place.dispatched).toEqual(uuidsOf(records))
    await dispatch.stop()
    expect(await place.db.query(sql`select last_number as "lastNumber" from series`)).toEqual([{ lastNumber: 2 }])
    expect(await place.db.query(sql`select uuid, reason from dead_letter`)).toEqual([{ uuid: records[1]?.uuid, reason: 'SQLSTATE 22021: indigestible' }])
  })

  it('a newer format of record is refused with its partition, and nothing is parked', async () => {
    const { place, member } = await openOwned()
    const before = uuidsOf(await member.publish({}, {}))
    await putNewer(place)
    await member.publish({})
    const [partition] = [place.record().partition]
    await member.dispatchAll(2, { limitPerPartition: 1 })
    await vi.waitFor(() => expect(member.dispatch()).rejects.toThrow(NewerFormat), { timeout: 20_000, interval: 20 })
    await expect(member.dispatch()).rejects.toMatchObject({ partition, format: RECORD_FORMAT + 1 })
    expect(await place.dispatched()).toEqual(before)
    expect(await place.db.query(sql`select from dead_letter`)).toEqual([])
  })

  it('a backlog of 100 records of 1 MiB is dispatched whole, and does not fill the memory', async () => {
    const { place, member } = await openOwned({ partitions: 1 })
    const data = 'x'.repeat(MIB)
    const published: string[] = []
    await member.broker.hold([])
    for (let group = 0; group < 25; group += 1) published.push(...uuidsOf(await member.publish({ data }, { data }, { data }, { data })))
    const before = usedBytes()
    let mostBytes = 0
    await member.own()
    for (let left = 100; left > 0;) {
      left -= (await member.dispatchAll(1))[0] ?? 0
      mostBytes = Math.max(mostBytes, usedBytes() - before)
    }
    expect(await place.dispatched()).toEqual(published)
    expect(mostBytes).toBeLessThan(64 * MIB)
    expect(await place.db.query(sql`select from event where octet_length(body) > ${MIB}`)).toHaveLength(100)
  })

  it('any text comes through as it was, 1 MiB of it too', async () => {
    const { place, member } = await openOwned()
    const records = ['\u0000\ud800 "\\', '\u{1f600}é\u2028\ufeff'.repeat(1000), 'ü'.repeat(MIB / 2)].map((data) => place.record({ data }))
    await member.broker.publish(records)
    await member.dispatchAll(3)
    const rows = await place.db.query(sql`select uuid, body, seq_offset as "seqOffset", body_bytes as "bodyBytes", received from event order by position`)
    expect(rows).toEqual(records.map(({ uuid, body, seqOffset, bodyBytes, received }) => ({ uuid, body, seqOffset, bodyBytes, received })))
  })

  it('records that nobody announces are found by looking', async () => {
    const { place, member } = await openOwned()
    const dispatch = startDispatch(place, member)
    const publisher = await place.join()
    const published = [...await publisher.publish({}), ...await publisher.publish({})]
    await eventually(place.dispatched).toEqual(uuidsOf(published))
    await dispatch.stop()
  })

  it('a record that is written again, in the same group or later, is dispatched once and in its first place', async () => {
    const { place, member } = await openOwned()
    const [a, b, c] = [place.record(), place.record(), place.record()]
    await member.broker.publish([a, b, a])
    await member.broker.publish([b, a])
    await member.broker.publish([a, c])
    await member.dispatchAll(3)
    expect(await place.dispatched()).toEqual(uuidsOf([a, b, c]))
    expect((await member.dispatch()).records).toBe(0)
  })

  it('without trouble there is none to tell, and a stop may come twice', async () => {
    const { member } = await openOwned()
    await eventually(() => member.broker.trouble()).toBeUndefined()
    await member.leave()
    await member.leave()
    await expect(member.publish({})).rejects.toThrow(BrokerError)
  })
})
