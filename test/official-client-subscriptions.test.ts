import {
  Configuration,
  DeliveryMethod,
  type SubscriptionsApi,
  type TapisSubscription,
} from '@tapis/tapis-typescript-notifications'
import { describe, expect } from 'vitest'
import {
  clientsOf,
  clientsOfService,
  SUCCESS,
  testOperations,
  type Clients,
  type Operations,
} from './support/official-clients.ts'
import { serviceTest } from './support/service-fixtures.ts'

const TARGETS = [{ deliveryMethod: DeliveryMethod.Webhook, deliveryAddress: 'http://127.0.0.1:9/hook' }]

/** Creates one and returns its name. */
async function subscribe({ subscriptions }: Clients, subject: string, name = `for-${subject}`): Promise<string> {
  await subscriptions.postSubscription({
    reqPostSubscription: {
      name,
      typeFilter: 'jobs.*.*',
      subjectFilter: subject,
      deliveryTargets: TARGETS,
      ttlMinutes: 60,
    },
  })
  return name
}

async function read({ subscriptions }: Clients, name: string): Promise<TapisSubscription> {
  const { result } = await subscriptions.getSubscriptionByName({ name })
  if (!result) throw new Error('no result')
  return result
}

const OPERATIONS: Operations<SubscriptionsApi> = {
  async postSubscription({ subscriptions }, subject) {
    const made = await subscriptions.postSubscription({
      reqPostSubscription: {
        typeFilter: 'jobs.*.*',
        subjectFilter: subject,
        deliveryTargets: TARGETS,
        owner: 'other',
        enabled: false,
        description: 'd',
      },
    })
    expect(made).toMatchObject({
      ...SUCCESS,
      result: { url: expect.stringContaining(`/v3/notifications/subscriptions/jobs~other~dev~`) as string },
    })
  },
  async getSubscriptions(clients, subject) {
    const name = await subscribe(clients, subject)
    const { result, metadata } = await clients.subscriptions.getSubscriptions({
      search: `(subjectFilter.eq.${subject})`,
      limit: 5,
      orderBy: 'name(desc)',
      skip: 0,
      computeTotal: true,
      select: 'allAttributes',
      ownedBy: 'jdoe',
      anyOwner: false,
    })
    expect(result).toEqual([
      {
        tenant: 'dev',
        name,
        description: undefined,
        owner: 'jdoe',
        enabled: true,
        typeFilter: 'jobs.*.*',
        subjectFilter: subject,
        deliveryTargets: TARGETS,
        ttlMinutes: 60,
        uuid: expect.any(String) as string,
        expiry: expect.any(String) as string,
        created: expect.any(String) as string,
        updated: expect.any(String) as string,
      },
    ])
    expect(metadata).toEqual({
      recordCount: 1,
      recordLimit: 5,
      recordsSkipped: 0,
      orderBy: 'name(desc)',
      startAfter: undefined,
      totalCount: 1,
    })
  },
  async searchSubscriptionsQueryParameters(clients, subject) {
    const name = await subscribe(clients, subject)
    const { result } = await clients.subscriptions.searchSubscriptionsQueryParameters({
      freeFormParameterName: { 'subjectFilter.eq': subject, 'enabled.eq': 'true' },
      orderBy: 'name',
      startAfter: 'a',
      limit: -1,
      ownedBy: 'jdoe',
    })
    expect(result).toMatchObject([{ name, owner: 'jdoe' }])
  },
  async searchSubscriptionsRequestBody(clients, subject) {
    const name = await subscribe(clients, subject)
    const { result } = await clients.subscriptions.searchSubscriptionsRequestBody({
      reqSearchSubscriptions: { search: [`subjectFilter = '${subject}'`, "AND (owner = 'jdoe' OR enabled = 'false')"] },
      select: 'name,ttlMinutes',
    })
    expect(result).toMatchObject([{ name, ttlMinutes: 60 }])
  },
  async getSubscriptionByName(clients, subject) {
    const name = await subscribe(clients, subject)
    expect(
      (await clients.subscriptions.getSubscriptionByName({ name, select: 'enabled', ownedBy: 'jdoe' })).result,
    ).toMatchObject({ name, enabled: true, owner: undefined })
  },
  async getSubscriptionByUuid(clients, subject) {
    const { name, uuid = '' } = await read(clients, await subscribe(clients, subject))
    expect((await clients.subscriptions.getSubscriptionByUuid({ uuid, select: 'allAttributes' })).result).toMatchObject(
      { name, uuid },
    )
  },
  async patchSubscriptionByName(clients, subject) {
    const name = await subscribe(clients, subject)
    const deliveryTargets = [{ deliveryMethod: DeliveryMethod.Email, deliveryAddress: 'jdoe@example.org' }]
    expect(
      await clients.subscriptions.patchSubscriptionByName({
        name,
        ownedBy: 'jdoe',
        reqPatchSubscription: { description: 'changed', deliveryTargets },
      }),
    ).toMatchObject({ ...SUCCESS, result: { url: expect.stringContaining(name) as string } })
    expect(await read(clients, name)).toMatchObject({ description: 'changed', deliveryTargets, typeFilter: 'jobs.*.*' })
  },
  async isEnabled(clients, subject) {
    const name = await subscribe(clients, subject)
    expect((await clients.subscriptions.isEnabled({ name, ownedBy: 'jdoe' })).result).toEqual({ aBool: true })
  },
  async disableSubscription(clients, subject) {
    const name = await subscribe(clients, subject)
    expect((await clients.subscriptions.disableSubscription({ name, ownedBy: 'jdoe' })).result).toEqual({ changes: 1 })
    expect(await read(clients, name)).toMatchObject({ enabled: false })
  },
  async enableSubscription(clients, subject) {
    const name = await subscribe(clients, subject)
    await clients.subscriptions.disableSubscription({ name })
    expect((await clients.subscriptions.enableSubscription({ name, ownedBy: 'jdoe' })).result).toEqual({ changes: 1 })
    expect(await read(clients, name)).toMatchObject({ enabled: true })
  },
  async updateTTL(clients, subject) {
    const name = await subscribe(clients, subject)
    expect((await clients.subscriptions.updateTTL({ name, ttlMinutes: 0, ownedBy: 'jdoe' })).result).toEqual({
      changes: 1,
    })
    expect(await read(clients, name)).toMatchObject({ ttlMinutes: 0, expiry: undefined })
  },
  async deleteSubscriptionByName(clients, subject) {
    const name = await subscribe(clients, subject)
    expect((await clients.subscriptions.deleteSubscriptionByName({ name, ownedBy: 'jdoe' })).result).toEqual({
      changes: 1,
    })
    expect((await clients.subscriptions.deleteSubscriptionByName({ name })).result).toEqual({ changes: 0 })
  },
  async deleteSubscriptionByUuid(clients, subject) {
    const { uuid = '' } = await read(clients, await subscribe(clients, subject))
    expect((await clients.subscriptions.deleteSubscriptionByUuid({ uuid })).result).toEqual({ changes: 1 })
  },
  async deleteSubscriptionsBySubject(clients, subject) {
    await subscribe(clients, `${subject}/a path`, subject)
    expect(
      (
        await clients.subscriptions.deleteSubscriptionsBySubject({
          subject: `${subject}/a path`,
          ownedBy: 'jdoe',
          anyOwner: true,
        })
      ).result,
    ).toEqual({ changes: 1 })
  },
}

const test = serviceTest()

describe('the official TypeScript client', () => {
  testOperations(test, OPERATIONS)

  test('lists for a user with a user token that names itself as the owner', async ({ app }) => {
    const { subscriptions } = clientsOf(
      new Configuration({ basePath: app.url, apiKey: await app.tokenOf({ kind: 'user', name: 'jdoe' }) }),
    )
    expect((await subscriptions.getSubscriptions({ ownedBy: 'jdoe' })).result).toBeInstanceOf(Array)
  })

  test('throws the response of a rejection, which is an envelope', async ({ app }) => {
    const { subscriptions } = await clientsOfService(app)
    const refused: unknown = await subscriptions
      .getSubscriptionByName({ name: 'none' })
      .catch((error: unknown) => error)
    if (!(refused instanceof Response)) throw new Error('no response')
    expect([refused.status, await refused.json()]).toMatchObject([
      404,
      { result: null, status: 'error', message: expect.stringMatching(/^NTFAPI_NOT_FOUND /) as string },
    ])
  })
})
