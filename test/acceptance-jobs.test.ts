import { randomUUID } from 'node:crypto'
import type { Subscription } from '@tidings/contract/subscription.ts'
import type { Receiver } from '@tidings/harness/receiver.ts'
import { describe, expect } from 'vitest'
import type { TestApp } from './support/test-app.ts'
import { eventually, numbersOf, serviceTest } from './support/service-fixtures.ts'
import { sendExactRequest, type ExactResponse } from './support/exact-request.ts'

/**
 * What the Jobs service does, as its Java client does it: the same headers on every request, empty texts for what is
 * not set.
 */
interface Jobs {
  /** As `jobs`, on behalf of this user of this tenant. */
  call(
    method: string,
    path: string,
    body?: object,
    onBehalfOf?: { readonly user?: string; readonly tenant?: string },
  ): Promise<ExactResponse>
  publish(jobUuid: string, category: string, detail: string, data: object, isTerminal?: boolean): Promise<ExactResponse>
}

const test = serviceTest().extend<{ jobs: Jobs; jobUuid: string }>({
  jobs: async ({ app }, use) => {
    await use(await jobsOf(app))
  },
  jobUuid: async ({}, use) => {
    await use(`${randomUUID()}-007`)
  },
})

async function jobsOf(app: TestApp): Promise<Jobs> {
  const token = await app.tokenOf({ kind: 'service', name: 'jobs' })
  const call: Jobs['call'] = (method, path, body, { user = 'jdoe', tenant = 'dev' } = {}) =>
    sendExactRequest(
      app.url,
      method,
      path,
      { 'X-Tapis-Token': token, 'X-Tapis-User': user, 'X-Tapis-Tenant': tenant, 'Content-Type': 'application/json' },
      body && JSON.stringify(body),
    )
  return {
    call,
    publish: (jobUuid, category, detail, data, isTerminal = false) =>
      call(
        'POST',
        '/events',
        {
          source: 'https://tapis.io/jobs',
          type: `jobs.${category}.${detail}`,
          subject: jobUuid,
          seriesId: jobUuid,
          timestamp: new Date().toISOString(),
          data: JSON.stringify({ jobName: 'hello', jobUuid, jobOwner: 'jdoe', message: 'a message', ...data }),
          deleteSubscriptionsMatchingSubject: isTerminal,
          endSeries: false,
        },
        { user: 'jobs' },
      ),
  }
}

const subscriptionTo = (jobUuid: string, receiver: Receiver, more: object = {}) => ({
  description: 'of a job',
  owner: 'jdoe',
  enabled: true,
  typeFilter: 'jobs.*.*',
  subjectFilter: jobUuid,
  deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: receiver.url('/portal') }],
  ttlMinutes: 10_080,
  ...more,
})

const nameIn = ({ envelope }: ExactResponse) => (envelope.result as { url: string }).url.split('/').at(-1) ?? ''
const listOf = ({ envelope }: ExactResponse) => envelope.result as Subscription[]

test('protocol item 4: a subscription of Jobs without a name gets the name that Jobs shows its users', async ({
  jobs,
  jobUuid,
  receiver,
}) => {
  expect(jobUuid).toHaveLength(40)
  const created = await jobs.call('POST', '/subscriptions', subscriptionTo(jobUuid, receiver))
  expect(created.status).toBe(201)
  expect(nameIn(created)).toMatch(/^jobs~jdoe~dev~.{40}~[A-Za-z0-9]{4}$/)
  expect(nameIn(created)).toContain(jobUuid)
})

describe('protocol item 5', () => {
  test('protocol item 5: the list call of Jobs, snake case and anyOwner, finds all subscriptions of the job', async ({
    jobs,
    jobUuid,
    receiver,
  }) => {
    for (const owner of ['jdoe', 'msmith'])
      await jobs.call('POST', '/subscriptions', subscriptionTo(jobUuid, receiver, { owner }), { user: owner })
    await jobs.call('POST', '/subscriptions', subscriptionTo('another job', receiver))
    const verbatim =
      `/subscriptions?search=(subject_filter.eq.${jobUuid})&limit=100&skip=0&computeTotal=false` +
      '&select=allAttributes&anyOwner=true'
    const encoded = verbatim
      .replace('(', '%28')
      .replace(')', '%29')
      .replace('&computeTotal', '&orderBy=&startAfter=&computeTotal')
    for (const path of [verbatim, encoded]) {
      const answer = await jobs.call('GET', path)
      expect(answer.status).toBe(200)
      expect(listOf(answer).map(({ owner, subjectFilter }) => [owner, subjectFilter])).toEqual([
        ['jdoe', jobUuid],
        ['msmith', jobUuid],
      ])
      expect(Object.keys(listOf(answer)[0] ?? {})).toHaveLength(13)
      expect(answer.envelope.metadata).toEqual({
        recordCount: 2,
        recordLimit: 100,
        recordsSkipped: 0,
        orderBy: null,
        startAfter: null,
        totalCount: -1,
      })
    }
  })

  test('protocol item 5: one is read and deleted by uuid, all of a job by subject; a repeat changes nothing', async ({
    jobs,
    jobUuid,
    receiver,
  }) => {
    for (let n = 0; n < 3; n += 1) await jobs.call('POST', '/subscriptions', subscriptionTo(jobUuid, receiver))
    const [first] = listOf(
      await jobs.call(
        'GET',
        `/subscriptions?search=(subject_filter.eq.${jobUuid})&limit=100&skip=0&computeTotal=false&select=allAttributes&anyOwner=true`,
      ),
    )
    const uuid = first?.uuid ?? ''
    expect((await jobs.call('GET', `/subscriptions/byUuid/${uuid}?select=allAttributes`)).envelope.result).toEqual(
      first,
    )
    const changes = async (path: string) => (await jobs.call('DELETE', path)).envelope.result
    expect([await changes(`/subscriptions/byUuid/${uuid}`), await changes(`/subscriptions/byUuid/${uuid}`)]).toEqual([
      { changes: 1 },
      { changes: 0 },
    ])
    expect([
      await changes(`/subscriptions/bySubject/${jobUuid}?anyOwner=true`),
      await changes(`/subscriptions/bySubject/${jobUuid}?anyOwner=true`),
    ]).toEqual([{ changes: 2 }, { changes: 0 }])
  })

  test('protocol item 5: the liveness check finds no subscription, creates it, finds it, gets its events', async ({
    jobs,
    receiver,
  }) => {
    const asJobs = { user: 'jobs', tenant: 'admin' }
    const name = 'Jobs_liveness_subscription_admin_at_dev'
    const subject = '00000000-0000-0000-0000-000000000000-007'
    const path = `/subscriptions/byName/${name}?select=allAttributes&ownedBy=jobs`
    expect((await jobs.call('GET', path, undefined, asJobs)).status).toBe(404)
    const wanted = {
      name,
      owner: 'jobs',
      enabled: true,
      typeFilter: 'jobs.JOB_USER_EVENT.EventLiveness',
      subjectFilter: subject,
      ttlMinutes: 0,
      deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: receiver.url('/v3/jobs/eventLiveness') }],
    }
    expect((await jobs.call('POST', '/subscriptions', wanted, asJobs)).status).toBe(201)
    expect((await jobs.call('GET', path, undefined, asJobs)).envelope.result).toMatchObject({
      ...wanted,
      tenant: 'admin',
      expiry: null,
    })
    for (const eventnum of [1, 2]) {
      const data = JSON.stringify({
        eventnum,
        createtime: new Date().toISOString(),
        jobName: name,
        jobUuid: subject,
        jobOwner: 'jobs',
        message: 'Jobs notification liveness test.',
      })
      const event = {
        source: 'https://tapis.io/jobs',
        type: 'jobs.JOB_USER_EVENT.EventLiveness',
        subject,
        seriesId: subject,
        timestamp: new Date().toISOString(),
        data,
      }
      expect((await jobs.call('POST', '/events', event, asJobs)).status).toBe(200)
    }
    const received = await receiver.take(2)
    expect(
      received.map(({ path: to, notification }) => [
        to,
        (JSON.parse(notification.event.data ?? '') as { eventnum: number }).eventnum,
      ]),
    ).toEqual([
      ['/v3/jobs/eventLiveness', 1],
      ['/v3/jobs/eventLiveness', 2],
    ])
  })

  test('protocol item 5: of a job every event comes in order, and the terminal one ends the subscription', async ({
    app,
    jobs,
    jobUuid,
    receiver,
  }) => {
    const name = nameIn(await jobs.call('POST', '/subscriptions', subscriptionTo(jobUuid, receiver)))
    const states = [
      'PENDING',
      'PROCESSING_INPUTS',
      'STAGING_INPUTS',
      'STAGING_JOB',
      'SUBMITTING_JOB',
      'QUEUED',
      'RUNNING',
      'ARCHIVING',
      'FINISHED',
    ]
    await jobs.publish(jobUuid, 'JOB_SUBSCRIPTION', 'ADDED', { action: 'added', numSubscriptions: 1 })
    for (const [at, state] of states.entries()) {
      const answer = await jobs.publish(
        jobUuid,
        'JOB_NEW_STATUS',
        state,
        { newJobStatus: state, oldJobStatus: states[at - 1] ?? null },
        state === 'FINISHED',
      )
      expect(answer.status).toBe(200)
    }
    const received = await receiver.take(10)
    expect(received.map(({ notification }) => notification.event.type)).toEqual([
      'jobs.JOB_SUBSCRIPTION.ADDED',
      ...states.map((state) => `jobs.JOB_NEW_STATUS.${state}`),
    ])
    expect(numbersOf(received)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(received[0]?.notification.event).toMatchObject({
      tenant: 'dev',
      user: 'jobs',
      source: 'https://tapis.io/jobs',
    })
    await eventually(async () => (await app.client.call('GET', `/subscriptions/byName/${name}`)).status).toBe(404)
  })
})

test('protocol item 6: the list with every text empty and limit and skip -1 returns all rows', async ({
  jobs,
  receiver,
  subject,
}) => {
  const user = `owner of ${subject}`
  for (let n = 0; n < 120; n += 1)
    await jobs.call('POST', '/subscriptions', subscriptionTo(subject, receiver, { owner: user }), { user })
  const answer = await jobs.call('GET', '/subscriptions?orderBy=&startAfter=&search=&limit=-1&skip=-1', undefined, {
    user,
  })
  expect([answer.status, listOf(answer).length]).toEqual([200, 120])
  expect(answer.envelope.metadata).toEqual({
    recordCount: 120,
    recordLimit: -1,
    recordsSkipped: -1,
    orderBy: null,
    startAfter: null,
    totalCount: -1,
  })
  expect(new Set(listOf(answer).map(({ name }) => name)).size).toBe(120)
})
