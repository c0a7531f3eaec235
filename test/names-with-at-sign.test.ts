import { expect } from 'vitest'
import { runImport } from './support/import-runner.ts'
import { createTapisSource } from './support/tapis-source.ts'
import { serviceTest } from './support/service-fixtures.ts'
import { storedSubscriptions } from './support/stored-state.ts'

/** User names of some tenants look like mail addresses, and so do names that are made of them. */
const test = serviceTest()
const NAME = 'jobs~jdoe@example.org~dev~job-7~aB3d'
const SPELLINGS = [NAME, NAME.replace('@', '%40')]

test('a subscription with an at sign in its name is found by either spelling, changed and deleted', async ({
  app,
  receiver,
}) => {
  for (const name of SPELLINGS) {
    expect(await app.subscribe({ name: NAME, addresses: [receiver.url('/x')] })).toBe(NAME)
    expect((await app.client.call('GET', `/subscriptions/byName/${name}`)).body?.result).toMatchObject({ name: NAME })
    for (const [method, path, body] of [
      ['PATCH', `/subscriptions/byName/${name}`, { description: 'changed' }],
      ['POST', `/subscriptions/${name}/disable`],
      ['GET', `/subscriptions/${name}/isEnabled`],
      ['POST', `/subscriptions/${name}/enable`],
      ['POST', `/subscriptions/${name}/updateTTL/5`],
    ] as const) {
      expect((await app.client.call(method, path, body)).status, `${method} ${path}`).toBe(200)
    }
    expect((await app.client.call('DELETE', `/subscriptions/byName/${name}`)).body?.result).toEqual({ changes: 1 })
  }
})

test('it is found by every form of search, and a list can start after it', async ({ app, receiver }) => {
  const mail = 'jdoe@example.org'
  for (const name of [mail, 'before', 'zebra@example.net'])
    await app.subscribe({ name, addresses: [receiver.url('/x')] })
  const namesOf = async (query: string) =>
    ((await app.client.call('GET', `/subscriptions${query}`)).body?.result as { name: string }[] | undefined)?.map(
      ({ name }) => name,
    )
  for (const name of [mail, mail.replace('@', '%40')]) {
    expect(await namesOf(`?search=(name.eq.${name})`)).toEqual([mail])
    expect(await namesOf('?search=(name.like.*@example.org)')).toEqual([mail])
    expect(await namesOf(`/search?name.eq=${name}`)).toEqual([mail])
    expect(await namesOf(`?orderBy=name&startAfter=${name}`)).toEqual(['zebra@example.net'])
  }
  const { body } = await app.client.call('POST', '/subscriptions/search', { search: [`name = '${mail}'`] })
  expect(body?.result).toMatchObject([{ name: mail }])
})

test('a generated name keeps the at sign of the user, and the notification has it', async ({
  app,
  receiver,
  subject,
}) => {
  const name = await app.subscribe({
    owner: 'jdoe@example.org',
    subjectFilter: subject,
    addresses: [receiver.url('/at')],
  })
  expect(name).toMatch(/^jobs~jdoe@example\.org~dev~/)
  await app.publish({ subject, seriesId: subject })
  const [arrival] = await receiver.take(1)
  expect(arrival?.notification).toMatchObject({ subscriptionName: name })
})

test('an at sign at the beginning is rejected, and so are other characters, as before', async ({ app }) => {
  for (const name of ['@jdoe', 'jdoe example', 'jdoe:x', 'jdoe/x', 'jdoe@ü']) {
    const { status, body } = await app.client.call('POST', '/subscriptions', {
      name,
      typeFilter: 'jobs.*.*',
      subjectFilter: '*',
      deliveryTargets: [{ deliveryMethod: 'EMAIL', deliveryAddress: 'a@b' }],
    })
    expect([status, body?.message], name).toEqual([
      400,
      expect.stringContaining('/name must begin with a letter or digit'),
    ])
  }
})

test('subscriptions with an at sign are imported', async ({ app }) => {
  const original = await createTapisSource()
  try {
    const { name, uuid } = await original.add({ name: NAME, owner: 'jdoe@example.org' })
    expect((await runImport(original.url, app.db.url)).code).toBe(0)
    expect(await storedSubscriptions(app.db, { uuid })).toMatchObject([{ name, owner: 'jdoe@example.org' }])
  } finally {
    await original.drop()
  }
})
