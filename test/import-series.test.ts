import { randomUUID } from 'node:crypto'
import { sql } from '@tidings/server/db/sql.ts'
import { describe, expect, onTestFinished } from 'vitest'
import { startAppForTest } from './support/test-app.ts'
import { createDatabaseForTest } from './support/test-database.ts'
import { runImport } from './support/import-runner.ts'
import { createTapisSource, type TapisSource } from './support/tapis-source.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { eventually, numbersOf, serviceTest } from './support/service-fixtures.ts'
import { createGate } from './support/stepwise-service.ts'
import { importedSeriesNumbers, lockDispatches, storedInstallation, storedPartitions } from './support/stored-state.ts'
import { mayStayIdle, sessionsWaitingForLock } from './support/database-sessions.ts'

const SOURCE = 'https://tapis.io/jobs'

const test = serviceTest().extend<{ original: TapisSource }>({
  original: async ({}, use) => {
    const original = await createTapisSource()
    await use(original)
    await original.drop()
  },
})

describe('a running job', () => {
  test('continues counting where the original stopped, also after another import', async ({
    app,
    original,
    receiver,
    subject,
  }) => {
    await original.addSeries({ subject, series_id: subject, seq_count: 5 })
    await original.addSeries({ seq_count: 3 })
    const first = await runImport(original.url, app.db.url)
    expect([first.code, first.series()]).toEqual([0, { copied: 2 }])
    await app.subscribe({ subjectFilter: subject, addresses: [receiver.url('/job')] })
    await app.publish({ subject, seriesId: subject })
    await app.publish({ subject, seriesId: subject })
    const received = await receiver.take(2)
    const second = await runImport(original.url, app.db.url)
    expect([second.code, second.series()]).toEqual([0, { 'already there': 2 }])
    await app.publish({ subject, seriesId: subject })
    expect(numbersOf([...received, ...(await receiver.take(1))])).toEqual([6, 7, 8])
  })

  test('that has ended here restarts with 1, whatever is imported afterwards', async ({
    app,
    original,
    receiver,
    subject,
  }) => {
    await original.addSeries({ subject, series_id: subject, seq_count: 5 })
    await runImport(original.url, app.db.url)
    await app.subscribe({ subjectFilter: subject, addresses: [receiver.url('/job')] })
    await app.publish({ subject, seriesId: subject, endSeries: true })
    const received = await receiver.take(1)
    const again = await runImport(original.url, app.db.url)
    expect([again.code, again.series()]).toEqual([0, { 'ended here': 1 }])
    await app.publish({ subject, seriesId: subject })
    expect(numbersOf([...received, ...(await receiver.take(1))])).toEqual([6, 1])
  })

  test('that went on in the original between two imports continues from there; one that is further here stays', async ({
    app,
    original,
    receiver,
    subject,
  }) => {
    const further = `${subject}-further`
    for (const series of [subject, further])
      await original.addSeries({ subject: series, series_id: series, seq_count: 2 })
    await app.subscribe({ typeFilter: 'jobs.*.*', addresses: [receiver.url('/job')] })
    for (let n = 0; n < 3; n += 1) await app.publish({ subject: further, seriesId: further })
    await receiver.take(3)
    expect((await runImport(original.url, app.db.url)).series()).toEqual({ copied: 1, 'already there': 1 })
    await original.query(sql`update event_series set seq_count = 9 where subject = ${subject}`)
    expect((await runImport(original.url, app.db.url)).series()).toEqual({ copied: 1, 'already there': 1 })
    await app.publish({ subject, seriesId: subject })
    await app.publish({ subject: further, seriesId: further })
    expect(
      (await receiver.take(2)).map(({ notification: { event } }) => [event.subject, event.seriesSeqCount]).toSorted(),
    ).toEqual([
      [subject, 10],
      [further, 4],
    ])
  })

  test.for([
    ['another source', { source: 'https://tapis.io/other' }],
    ['another tenant', { tenant: 'other' }],
    ['another series', { series_id: 'other' }],
    ['a subject that differs in a blank', { subject: 'job ' }],
  ] as const)('is not the one of %s', async ([, other], { app, original, receiver, subject }) => {
    await original.addSeries({
      source: SOURCE,
      subject,
      series_id: subject,
      seq_count: 5,
      ...other,
      ...('subject' in other ? { subject: `${subject} ` } : {}),
    })
    await runImport(original.url, app.db.url)
    await app.subscribe({ subjectFilter: subject, addresses: [receiver.url('/job')] })
    await app.publish({ subject, seriesId: subject })
    expect(numbersOf(await receiver.take(1))).toEqual([1])
  })

  test('with any text in its names is recognised', async ({ app, original, receiver }) => {
    const subject = `größe/'"\\%_\u2028 ${randomUUID()}`
    await original.addSeries({ source: 'ß', subject, series_id: 'Ω 1', seq_count: 41 })
    await runImport(original.url, app.db.url)
    await app.subscribe({ subjectFilter: subject, addresses: [receiver.url('/job')] })
    await app.publish({ source: 'ß', subject, seriesId: 'Ω 1' })
    expect(numbersOf(await receiver.take(1))).toEqual([42])
  })
})

test('while a dispatch is running in a partition, its counters are not touched', async ({ app, original }) => {
  await original.addSeries()
  const [locked, mayGoOn] = [createGate(), createGate()]
  const dispatching = app.db.transaction(async (tx) => {
    await mayStayIdle(tx)
    await lockDispatches(tx)
    locked.open()
    await mayGoOn.opened
  })
  await locked.opened
  const importing = runImport(original.url, app.db.url)
  await eventually(() => sessionsWaitingForLock(app.db, 'tidings import')).toEqual([{ lock: 'advisory' }])
  mayGoOn.open()
  await dispatching
  expect((await importing).series()).toEqual({ copied: 1 })
})

describe('what is not copied', () => {
  test('rows that no event can have created are reported, each with every reason, and keep nothing else out', async ({
    app,
    original,
  }) => {
    await original.query({
      text: 'alter table event_series drop constraint event_series_pkey; alter table event_series alter tenant drop not null, alter source drop not null, alter subject drop not null, alter series_id drop not null, alter seq_count drop not null, alter seq_count type numeric',
    })
    await original.addSeries({ subject: 'good', seq_count: 7007 })
    await original.query({
      text: `insert into event_series (tenant, source, subject, series_id, seq_count) values
      (null, null, null, null, null), ('', 's', 'negative', 'x', -1), ('dev', 's', 'half', 'x', 1.5),
      ('dev', 's', 'nan', 'x', 'NaN'), ('dev', 's', 'vast', 'x', 9007199254740993),
      ('dev', repeat('s', 70000), 'long', 'x', 1), (repeat('t', 256), 's', 'tenant', 'x', 1),
      ('dev', 's', 'zero', 'x', 0), ('dev', 's', ' ', 'x', 4), ('dev', 's', 'blank', '', 4), ('dev', 's', 'twice', 'x', 2002), ('dev', 's', 'twice', 'x', 3003)`,
    })
    const { code, series, lines } = await runImport(original.url, app.db.url)
    expect([code, series()]).toEqual([2, { copied: 2, 'already there': 1, 'without a number': 3, invalid: 7 }])
    const reasons = lines
      .flatMap((line) => line.split(': invalid: ').slice(1))
      .map((reason) => reason.split('; '))
      .toSorted()
    expect(reasons).toEqual(
      [
        [
          '/tenant is missing',
          '/source is missing',
          '/subject is missing',
          '/seriesId is missing',
          'the counter is not an event number: null',
        ],
        ['/tenant must have 1 to 255 characters'],
        ['/tenant must have 1 to 255 characters', 'the counter is not an event number: -1'],
        ['its texts are longer than 64 KiB'],
        ['the counter is not an event number: 1.5'],
        ['the counter is not an event number: 9007199254740993'],
        ['the counter is not an event number: NaN'],
      ].toSorted(),
    )
    const copied = await importedSeriesNumbers(app.db)
    expect(copied.filter((number) => [3003, 7007].includes(number))).toEqual([3003, 7007])
  })

  test('an original that is too old to have counters is reported', async ({ app, original }) => {
    await original.query({ text: 'drop table event_series' })
    const { code, lines, series } = await runImport(original.url, app.db.url)
    expect([code, series()]).toEqual([0, {}])
    expect(lines).toContain(
      'The source has no counters of series (no table event_series): every series begins with 1 here.',
    )
  })

  test('a table of that name with other columns is rejected', async ({ app, original }) => {
    await original.query({ text: 'alter table event_series rename seq_count to n' })
    const { code, stderr } = await runImport(original.url, app.db.url)
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        'import: The source cannot be read: the schema tapis_ntf is not one of Tapis Notifications; missing: event_series.seq_count\n',
    })
  })
})

describe('a database for both', () => {
  test('is offered for an import at each start until something was copied from it and into it', async () => {
    const db = await createDatabaseForTest({ isEmpty: true })
    const original = await createTapisSource({ db })
    onTestFinished(() => original.drop())
    await original.add({ name: 'shared' })
    await original.addSeries()
    const before = await original.dump()
    const offers = async () => {
      const { log, lines } = createRecordingLog()
      await (await startAppForTest({ db, log })).stop()
      return lines.filter((line) => line.includes('this database has the tables of Tapis Notifications'))
    }
    expect(await offers()).toEqual([expect.stringContaining('npm run import -- --from here --dry-run')])
    const dry = await runImport('here', db.url, ['--dry-run'])
    expect([dry.code, dry.counts(), dry.series()]).toEqual([0, { copied: 1 }, { copied: 1 }])
    expect(await offers()).toHaveLength(1)
    const real = await runImport('here', db.url)
    expect([real.code, real.counts(), real.series()]).toEqual([0, { copied: 1 }, { copied: 1 }])
    expect(await offers()).toEqual([])
    expect(await original.dump()).toEqual(before)
    const again = await runImport('here', db.url, ['--dry-run'])
    expect([again.counts(), again.series()]).toEqual([{ 'already there': 1 }, { 'already there': 1 }])
  })

  test('a first import before any start decides the partitions as the start would', async () => {
    const db = await createDatabaseForTest({ isEmpty: true })
    const original = await createTapisSource({ db })
    onTestFinished(() => original.drop())
    await original.addSeries()
    expect((await runImport('here', db.url, [], { TIDINGS_PARTITIONS: '5' })).code).toBe(0)
    expect(await storedInstallation(db)).toMatchObject({ partitionCount: 5 })
    expect(await storedPartitions(db)).toHaveLength(5)
    await startAppForTest({ db })
  })

  test('does not exist with the embedded PostgreSQL', async () => {
    const { code, stderr } = await runImport('here', undefined)
    expect([code, stderr]).toEqual([
      1,
      'import: The source cannot be read: --from here is the database of DATABASE_URL, which is not set\n',
    ])
  })
})
