import { randomUUID } from 'node:crypto'
import type { EventsApi, GeneralApi, TestApi } from '@tapis/tapis-typescript-notifications'
import { describe, expect } from 'vitest'
import { SUCCESS, testOperations, type Operations } from './support/official-clients.ts'
import { eventually, serviceTest } from './support/service-fixtures.ts'

const GENERAL: Operations<GeneralApi> = {
  async healthCheck({ general }) {
    expect(await general.healthCheck()).toMatchObject({
      ...SUCCESS,
      result: expect.stringMatching(/^Health check received/) as string,
    })
  },
  async readyCheck({ general }) {
    expect(await general.readyCheck()).toMatchObject({
      ...SUCCESS,
      result: expect.stringMatching(/^Ready check passed/) as string,
    })
  },
}

const EVENTS: Operations<EventsApi> = {
  async postEvent({ events }, subject) {
    const event = {
      source: 'https://tapis.io/jobs',
      type: 'jobs.JOB_NEW_STATUS.RUNNING',
      subject,
      seriesId: subject,
      timestamp: new Date().toISOString(),
      data: '{}',
    }
    expect(await events.postEvent({ event })).toMatchObject({
      ...SUCCESS,
      result: { uuid: expect.any(String) as string },
    })
    expect(
      await events.postEvent({ event: { ...event, deleteSubscriptionsMatchingSubject: true }, tenant: 'dev' }),
    ).toMatchObject(SUCCESS)
  },
}

const TESTS: Operations<TestApi> = {
  async beginTestSequence({ tests }) {
    const { result } = await tests.beginTestSequence({ subscriptionTTL: 5, body: {} })
    expect(result).toMatchObject({
      tenant: 'dev',
      owner: 'jdoe',
      enabled: true,
      typeFilter: 'notifications.test.*',
      subjectFilter: result?.name,
      ttlMinutes: 5,
    })
  },
  async getTestSequence({ tests }) {
    const name = (await tests.beginTestSequence({})).result?.name ?? ''
    await eventually(async () => (await tests.getTestSequence({ name })).result).toMatchObject({
      tenant: 'dev',
      subscription: { name },
      receivedEvents: [
        {
          source: 'notifications',
          type: 'notifications.test.begin',
          subject: name,
          seriesId: name,
          tenant: 'dev',
          user: 'jdoe',
        },
      ],
    })
  },
  async recordTestNotification({ tests }) {
    const { name = '', deliveryTargets = [] } = (await tests.beginTestSequence({})).result ?? {}
    const [deliveryTarget] = deliveryTargets
    if (!deliveryTarget) throw new Error('no target')
    const eventUuid = randomUUID()
    const created = new Date().toISOString()
    const event = {
      source: 'notifications',
      type: 'notifications.test.extra',
      subject: name,
      timestamp: created,
      tenant: 'dev',
      user: 'jdoe',
      uuid: eventUuid,
    }
    expect(
      await tests.recordTestNotification({
        name,
        notification: {
          uuid: randomUUID(),
          tenant: 'dev',
          subscriptionName: name,
          deliveryTarget,
          eventUuid,
          event,
          created,
        },
      }),
    ).toMatchObject(SUCCESS)
    await eventually(async () =>
      (await tests.getTestSequence({ name })).result?.receivedEvents?.map(({ type }) => type).sort(),
    ).toEqual(['notifications.test.begin', 'notifications.test.extra'])
  },
  async deleteTestSequence(clients) {
    const name = (await clients.tests.beginTestSequence({})).result?.name ?? ''
    expect((await clients.tests.deleteTestSequence({ name })).result).toEqual({ changes: 1 })
    await expect(clients.tests.getTestSequence({ name })).rejects.toMatchObject({ status: 404 })
  },
}

const test = serviceTest()

describe('the official TypeScript client', () => {
  testOperations(test, GENERAL)
  testOperations(test, EVENTS)
  testOperations(test, TESTS)
})
