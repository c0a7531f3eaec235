import { randomUUID } from 'node:crypto'
import { Configuration, DeliveryMethod, EventsApi, GeneralApi, SubscriptionsApi, TestApi, type TapisSubscription } from '@tapis/tapis-typescript-notifications'
import { describe, expect } from 'vitest'
import type { TestApp } from './support/app.ts'
import { eventually, serviceTest } from './support/service-test.ts'

/** What the Tapis project publishes for TypeScript, generated from the document of 1.6.1, as it is: it goes on working with a changed address. */
interface Clients {
  readonly general: GeneralApi
  readonly events: EventsApi
  readonly subscriptions: SubscriptionsApi
  readonly tests: TestApi
}

const clientsOf = (configuration: Configuration): Clients =>
  ({ general: new GeneralApi(configuration), events: new EventsApi(configuration), subscriptions: new SubscriptionsApi(configuration), tests: new TestApi(configuration) })

const clientsOfService = async (app: TestApp): Promise<Clients> =>
  clientsOf(new Configuration({ basePath: app.url, apiKey: await app.tokenOf({ kind: 'service', name: 'jobs' }), headers: { 'X-Tapis-User': 'jdoe', 'X-Tapis-Tenant': 'dev' } }))

const TARGETS = [{ deliveryMethod: DeliveryMethod.Webhook, deliveryAddress: 'http://127.0.0.1:9/hook' }]

/** Creates one and answers its name. */
async function subscribe({ subscriptions }: Clients, subject: string, name = `for-${subject}`): Promise<string> {
  await subscriptions.postSubscription({ reqPostSubscription: { name, typeFilter: 'jobs.*.*', subjectFilter: subject, deliveryTargets: TARGETS, ttlMinutes: 60 } })
  return name
}

async function read({ subscriptions }: Clients, name: string): Promise<TapisSubscription> {
  const { result } = await subscriptions.getSubscriptionByName({ name })
  if (!result) throw new Error('no result')
  return result
}

const SUCCESS = { status: 'success', message: expect.any(String) as string, version: expect.any(String) as string }

type OperationOf<Api> = Exclude<keyof Api, `${string}Raw` | `with${string}Middleware`>
type Operation = OperationOf<GeneralApi> | OperationOf<EventsApi> | OperationOf<SubscriptionsApi> | OperationOf<TestApi>

/** Each with what its answer must become in the client's own models. `subject` is nobody else's. The type demands them all. */
const OPERATIONS: Readonly<Record<Operation, (clients: Clients, subject: string) => Promise<void>>> = {
  async healthCheck({ general }) {
    expect(await general.healthCheck()).toMatchObject({ ...SUCCESS, result: expect.stringMatching(/^Health check received/) as string })
  },
  async readyCheck({ general }) {
    expect(await general.readyCheck()).toMatchObject({ ...SUCCESS, result: expect.stringMatching(/^Ready check passed/) as string })
  },

  async postEvent({ events }, subject) {
    const event = { source: 'https://tapis.io/jobs', type: 'jobs.JOB_NEW_STATUS.RUNNING', subject, seriesId: subject, timestamp: new Date().toISOString(), data: '{}' }
    expect(await events.postEvent({ event })).toMatchObject({ ...SUCCESS, result: { uuid: expect.any(String) as string } })
    expect(await events.postEvent({ event: { ...event, deleteSubscriptionsMatchingSubject: true }, tenant: 'dev' })).toMatchObject(SUCCESS)
  },

  async postSubscription({ subscriptions }, subject) {
    const made = await subscriptions.postSubscription({ reqPostSubscription: { typeFilter: 'jobs.*.*', subjectFilter: subject, deliveryTargets: TARGETS, owner: 'other', enabled: false, description: 'd' } })
    expect(made).toMatchObject({ ...SUCCESS, result: { url: expect.stringContaining(`/v3/notifications/subscriptions/jobs~other~dev~`) as string } })
  },
  async getSubscriptions(clients, subject) {
    const name = await subscribe(clients, subject)
    const { result, metadata } = await clients.subscriptions.getSubscriptions({ search: `(subjectFilter.eq.${subject})`, limit: 5, orderBy: 'name(desc)', skip: 0, computeTotal: true, select: 'allAttributes', ownedBy: 'jdoe', anyOwner: false })
    expect(result).toEqual([{ tenant: 'dev', name, description: undefined, owner: 'jdoe', enabled: true, typeFilter: 'jobs.*.*', subjectFilter: subject, deliveryTargets: TARGETS, ttlMinutes: 60, uuid: expect.any(String) as string, expiry: expect.any(String) as string, created: expect.any(String) as string, updated: expect.any(String) as string }])
    expect(metadata).toEqual({ recordCount: 1, recordLimit: 5, recordsSkipped: 0, orderBy: 'name(desc)', startAfter: undefined, totalCount: 1 })
  },
  async searchSubscriptionsQueryParameters(clients, subject) {
    const name = await subscribe(clients, subject)
    const { result } = await clients.subscriptions.searchSubscriptionsQueryParameters({ freeFormParameterName: { 'subjectFilter.eq': subject, 'enabled.eq': 'true' }, orderBy: 'name', startAfter: 'a', limit: -1, ownedBy: 'jdoe' })
    expect(result).toMatchObject([{ name, owner: 'jdoe' }])
  },
  async searchSubscriptionsRequestBody(clients, subject) {
    const name = await subscribe(clients, subject)
    const { result } = await clients.subscriptions.searchSubscriptionsRequestBody({ reqSearchSubscriptions: { search: [`subjectFilter = '${subject}'`, "AND (owner = 'jdoe' OR enabled = 'false')"] }, select: 'name,ttlMinutes' })
    expect(result).toMatchObject([{ name, ttlMinutes: 60 }])
  },
  async getSubscriptionByName(clients, subject) {
    const name = await subscribe(clients, subject)
    expect((await clients.subscriptions.getSubscriptionByName({ name, select: 'enabled', ownedBy: 'jdoe' })).result).toMatchObject({ name, enabled: true, owner: undefined })
  },
  async getSubscriptionByUuid(clients, subject) {
    const { name, uuid = '' } = await read(clients, await subscribe(clients, subject))
    expect((await clients.subscriptions.getSubscriptionByUuid({ uuid, select: 'allAttributes' })).result).toMatchObject({ name, uuid })
  },
  async patchSubscriptionByName(clients, subject) {
    const name = await subscribe(clients, subject)
    const deliveryTargets = [{ deliveryMethod: DeliveryMethod.Email, deliveryAddress: 'jdoe@example.org' }]
    expect(await clients.subscriptions.patchSubscriptionByName({ name, ownedBy: 'jdoe', reqPatchSubscription: { description: 'changed', deliveryTargets } })).toMatchObject({ ...SUCCESS, result: { url: expect.stringContaining(name) as string } })
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
    expect((await clients.subscriptions.updateTTL({ name, ttlMinutes: 0, ownedBy: 'jdoe' })).result).toEqual({ changes: 1 })
    expect(await read(clients, name)).toMatchObject({ ttlMinutes: 0, expiry: undefined })
  },
  async deleteSubscriptionByName(clients, subject) {
    const name = await subscribe(clients, subject)
    expect((await clients.subscriptions.deleteSubscriptionByName({ name, ownedBy: 'jdoe' })).result).toEqual({ changes: 1 })
    expect((await clients.subscriptions.deleteSubscriptionByName({ name })).result).toEqual({ changes: 0 })
  },
  async deleteSubscriptionByUuid(clients, subject) {
    const { uuid = '' } = await read(clients, await subscribe(clients, subject))
    expect((await clients.subscriptions.deleteSubscriptionByUuid({ uuid })).result).toEqual({ changes: 1 })
  },
  async deleteSubscriptionsBySubject(clients, subject) {
    await subscribe(clients, `${subject}/a path`, subject)
    expect((await clients.subscriptions.deleteSubscriptionsBySubject({ subject: `${subject}/a path`, ownedBy: 'jdoe', anyOwner: true })).result).toEqual({ changes: 1 })
  },

  async beginTestSequence({ tests }) {
    const { result } = await tests.beginTestSequence({ subscriptionTTL: 5, body: {} })
    expect(result).toMatchObject({ tenant: 'dev', owner: 'jdoe', enabled: true, typeFilter: 'notifications.test.*', subjectFilter: result?.name, ttlMinutes: 5 })
  },
  async getTestSequence({ tests }) {
    const name = (await tests.beginTestSequence({})).result?.name ?? ''
    await eventually(async () => (await tests.getTestSequence({ name })).result).toMatchObject({
      tenant: 'dev', subscription: { name }, receivedEvents: [{ source: 'notifications', type: 'notifications.test.begin', subject: name, seriesId: name, tenant: 'dev', user: 'jdoe' }],
    })
  },
  async recordTestNotification({ tests }) {
    const { name = '', deliveryTargets = [] } = (await tests.beginTestSequence({})).result ?? {}
    const [deliveryTarget] = deliveryTargets
    if (!deliveryTarget) throw new Error('no target')
    const eventUuid = randomUUID()
    const created = new Date().toISOString()
    const event = { source: 'notifications', type: 'notifications.test.extra', subject: name, timestamp: created, tenant: 'dev', user: 'jdoe', uuid: eventUuid }
    expect(await tests.recordTestNotification({ name, notification: { uuid: randomUUID(), tenant: 'dev', subscriptionName: name, deliveryTarget, eventUuid, event, created } })).toMatchObject(SUCCESS)
    await eventually(async () => (await tests.getTestSequence({ name })).result?.receivedEvents?.map(({ type }) => type).sort()).toEqual(['notifications.test.begin', 'notifications.test.extra'])
  },
  async deleteTestSequence(clients) {
    const name = (await clients.tests.beginTestSequence({})).result?.name ?? ''
    expect((await clients.tests.deleteTestSequence({ name })).result).toEqual({ changes: 1 })
    await expect(clients.tests.getTestSequence({ name })).rejects.toMatchObject({ status: 404 })
  },
}

const test = serviceTest()

describe('the official TypeScript client', () => {
  for (const [operation, drive] of Object.entries(OPERATIONS)) {
    test(`gets what it expects from ${operation}`, async ({ app, subject }) => {
      await drive(await clientsOfService(app), subject)
    })
  }

  test('lists for a user with a token of his own, who names himself as the owner', async ({ app }) => {
    const { subscriptions } = clientsOf(new Configuration({ basePath: app.url, apiKey: await app.tokenOf({ kind: 'user', name: 'jdoe' }) }))
    expect((await subscriptions.getSubscriptions({ ownedBy: 'jdoe' })).result).toBeInstanceOf(Array)
  })

  test('throws the response of a refusal, which is an envelope', async ({ app }) => {
    const { subscriptions } = await clientsOfService(app)
    const refused: unknown = await subscriptions.getSubscriptionByName({ name: 'none' }).catch((error: unknown) => error)
    if (!(refused instanceof Response)) throw new Error('no response')
    expect([refused.status, await refused.json()]).toMatchObject([404, { result: null, status: 'error', message: expect.stringMatching(/^NTFAPI_NOT_FOUND /) as string }])
  })
})
