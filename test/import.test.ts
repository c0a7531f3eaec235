import { randomUUID } from 'node:crypto'
import { sql } from '@tidings/server/db/sql.ts'
import { expect } from 'vitest'
import { jobEvent } from './support/test-app.ts'
import { runImport } from './support/import-runner.ts'
import { createTapisSource, type TapisSource } from './support/tapis-source.ts'
import { eventually, serviceTest } from './support/service-fixtures.ts'
import {
  countTargets,
  describeSubscriptions,
  expireSubscriptions,
  removeSubscriptions,
  storedSubscriptions,
  storedTargets,
} from './support/stored-state.ts'

const IN_AN_HOUR = new Date(Date.now() + 3_600_000).toISOString().slice(0, 19).replace('T', ' ')

/** Each test has a source, and an owner that is nobody else's. */
const test = serviceTest().extend<{ original: TapisSource; owner: string }>({
  original: async ({}, use) => {
    const original = await createTapisSource()
    await use(original)
    await original.drop()
  },
  owner: async ({}, use) => {
    await use(`owner-${randomUUID()}`)
  },
})

test('every member of a subscription is copied as it is, and the api shows it', async ({ app, original }) => {
  const targets = [
    { deliveryMethod: 'WEBHOOK', deliveryAddress: 'https://portal.example.org/hooks?a=ä' },
    { deliveryMethod: 'EMAIL', deliveryAddress: 'jdoe@example.org' },
  ]
  const row = await original.add({
    description: 'grüße, "all"\n',
    enabled: false,
    type_filter: 'jobs.*.FINISHED',
    subject_filter: 'job 7/ä',
    delivery_targets: targets,
    ttlminutes: 60,
    expiry: IN_AN_HOUR,
    created: '2024-03-15 15:11:23.947827',
    updated: '2024-03-16 01:02:03.5',
  })
  const { code, stderr, lines } = await runImport(original.url, app.db.url)
  expect({ code, stderr, first: lines[0] }).toEqual({
    code: 0,
    stderr: '',
    first: 'Import from the schema tapis_ntf: 1 subscriptions.',
  })
  const shown = {
    tenant: 'dev',
    name: row.name,
    description: row.description,
    owner: 'jdoe',
    enabled: false,
    typeFilter: 'jobs.*.FINISHED',
    subjectFilter: 'job 7/ä',
    deliveryTargets: targets,
    ttlMinutes: 60,
    uuid: row.uuid,
    expiry: `${IN_AN_HOUR.replace(' ', 'T')}Z`,
    created: '2024-03-15T15:11:23.947827Z',
    updated: '2024-03-16T01:02:03.500Z',
  }
  expect((await app.client.call('GET', `/subscriptions/byName/${row.name}`)).body?.result).toEqual(shown)
  expect((await app.client.call('GET', `/subscriptions/byUuid/${row.uuid}`)).body?.result).toEqual(shown)
})

test('more targets than a creation may have are still copied, and the subscription accepts other changes', async ({
  app,
  original,
}) => {
  const targets = Array.from({ length: 150 }, (_, index) => ({
    deliveryMethod: 'WEBHOOK',
    deliveryAddress: `https://portal.example.org/${index}`,
  }))
  const row = await original.add({ delivery_targets: targets })
  expect((await runImport(original.url, app.db.url)).counts()).toEqual({ copied: 1 })
  expect(await app.client.call('PATCH', `/subscriptions/byName/${row.name}`, { description: 'changed' })).toMatchObject(
    { status: 200 },
  )
  expect((await app.client.call('GET', `/subscriptions/byName/${row.name}`)).body?.result).toMatchObject({
    description: 'changed',
    deliveryTargets: targets,
  })
})

test('an event matches a copied subscription and is delivered to its target', async ({ app, receiver, subject }) => {
  const original = await createTapisSource({ address: receiver.url('/imported') })
  try {
    const { name } = await original.add({ type_filter: 'jobs.JOB_NEW_STATUS.*', subject_filter: subject })
    await runImport(original.url, app.db.url)
    await app.publish({ subject, seriesId: subject })
    const [arrival] = await receiver.take(1)
    expect(arrival?.path).toBe('/imported')
    expect(arrival?.notification).toMatchObject({
      subscriptionName: name,
      tenant: 'dev',
      event: { subject, seriesSeqCount: 1 },
    })
  } finally {
    await original.drop()
  }
})

test('a copied subscription is changed and deleted like any other', async ({ app, original }) => {
  const { name, uuid } = await original.add()
  await runImport(original.url, app.db.url)
  expect((await app.client.call('POST', `/subscriptions/${name}/disable`)).status).toBe(200)
  expect((await app.client.call('GET', `/subscriptions/${name}/isEnabled`)).body?.result).toEqual({ aBool: false })
  expect((await app.client.call('DELETE', `/subscriptions/byUuid/${uuid}`)).body?.result).toEqual({ changes: 1 })
})

test('a second run copies only what is new, and changes nothing', async ({ app, original, owner }) => {
  for (let n = 0; n < 3; n += 1) await original.add({ owner })
  await runImport(original.url, app.db.url)
  await describeSubscriptions(app.db, 'changed here', { owner })
  const rows = () => Promise.all([storedSubscriptions(app.db, { owner }), storedTargets(app.db, { owner })])
  const before = await rows()
  const second = await runImport(original.url, app.db.url)
  expect([second.code, second.counts()]).toEqual([0, { 'already there': 3 }])
  expect(await rows()).toEqual(before)
  await original.add({ owner })
  expect((await runImport(original.url, app.db.url)).counts()).toEqual({ copied: 1, 'already there': 3 })
})

test('what ended here does not come back, even when nothing of it is left', async ({ app, original, owner }) => {
  const [removed, ended] = [await original.add({ owner }), await original.add({ owner })]
  await runImport(original.url, app.db.url)
  for (const { uuid } of [removed, ended]) await app.client.call('DELETE', `/subscriptions/byUuid/${uuid}`, undefined)
  // As retention does it, days later.
  await removeSubscriptions(app.db, { uuid: removed.uuid })
  const { code, counts } = await runImport(original.url, app.db.url)
  expect([code, counts()]).toEqual([0, { 'ended here': 2 }])
})

test('expired subscriptions and those of test sequences are skipped, and counted per tenant', async ({
  app,
  original,
  owner,
}) => {
  await original.add({ owner, expiry: '2024-01-01 00:00:00', ttlminutes: 5 })
  await original.add({ owner, type_filter: 'notifications.test.*' })
  await original.add({ owner, name: 'stays', expiry: IN_AN_HOUR })
  await original.add({ owner, tenant: 'other', expiry: '2024-01-01 00:00:00' })
  const { code, counts, lines } = await runImport(original.url, app.db.url)
  expect(code).toBe(0)
  expect([counts('dev'), counts('other'), counts()]).toEqual([
    { copied: 1, expired: 1, test: 1 },
    { expired: 1 },
    { copied: 1, expired: 2, test: 1 },
  ])
  expect(lines.filter((line) => line.endsWith(': expired: it had expired in the source'))).toHaveLength(2)
  expect(await storedSubscriptions(app.db, { owner })).toMatchObject([{ name: 'stays' }])
})

test('a name that another active subscription has is reported and left alone; that of an ended one is free', async ({
  app,
  original,
  owner,
}) => {
  const headers = { 'x-tapis-user': owner }
  for (const name of ['living', 'ended', 'over']) {
    await app.subscribe({ name, addresses: ['https://here.example.org/'] }, headers)
    await original.add({ owner, name })
  }
  await app.client.call('DELETE', '/subscriptions/byName/ended', undefined, headers)
  await expireSubscriptions(app.db, { owner, name: 'over' })
  const dry = await runImport(original.url, app.db.url, ['--dry-run'])
  const { code, counts, lines } = await runImport(original.url, app.db.url)
  expect([code, counts(), dry.counts()]).toEqual([2, { copied: 2, 'name taken': 1 }, { copied: 2, 'name taken': 1 }])
  expect(lines).toContainEqual(
    expect.stringMatching(
      new RegExp(
        `^ {2}dev / ${owner} / living \\(.{36}\\): name taken: another active subscription of this owner has the name$`,
      ),
    ),
  )
  expect(await storedTargets(app.db, { owner, name: 'living' })).toMatchObject([
    { address: 'https://here.example.org/' },
  ])
})

test('a uuid that another subscription has is reported', async ({ app, original, owner }) => {
  const { uuid } = await original.add({ owner, name: 'first' })
  await runImport(original.url, app.db.url)
  await original.query(sql`update subscriptions set name = 'second'`)
  const { code, counts } = await runImport(original.url, app.db.url)
  expect([code, counts()]).toEqual([2, { 'uuid taken': 1 }])
  expect(await storedSubscriptions(app.db, { uuid })).toMatchObject([{ name: 'first' }])
})

test('two simultaneous imports copy each subscription once, with all its targets', async ({ app, original, owner }) => {
  await original.addMany(2000, { owner })
  const ends = await Promise.all([runImport(original.url, app.db.url), runImport(original.url, app.db.url)])
  expect(ends.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
    { code: 0, stderr: '' },
    { code: 0, stderr: '' },
  ])
  const counts = ends.map((end) => end.counts())
  expect(counts.reduce((sum, one) => sum + (one.copied ?? 0), 0)).toBe(2000)
  expect(counts.reduce((sum, one) => sum + (one['already there'] ?? 0), 0)).toBe(2000)
  expect(await countTargets(app.db, { owner })).toEqual({ subscriptions: 2000, targets: 4000 })
})

test('an import beside the running service loses no event that is published meanwhile', async ({
  app,
  receiver,
  original,
  owner,
  subject,
}) => {
  await original.addMany(1000, { owner })
  await app.subscribe({ addresses: [receiver.url('/')], subjectFilter: subject })
  const importing = runImport(original.url, app.db.url)
  for (let n = 0; n < 20; n += 1) await app.publish(jobEvent({ subject, seriesId: subject, data: String(n) }))
  expect((await importing).code).toBe(0)
  await eventually(() => receiver.received.length).toBe(20)
})
