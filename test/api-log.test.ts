import { expect, test } from 'vitest'
import { startAppForTest } from './support/test-app.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { eventually } from './support/service-fixtures.ts'

interface Line {
  readonly level: number
  readonly msg: string
  readonly trackingId?: string
  readonly ms?: number
}

test('each completed request is one line at debug: method, route, status, ms and the tracking id', async () => {
  const { log, lines } = createRecordingLog()
  const { client } = await startAppForTest({ env: { TIDINGS_ROLE: 'api' }, log })
  await client.call('GET', '/healthcheck', undefined, { 'x-tapis-tracking-id': 'fine' })
  await client.call('GET', '/subscriptions/byName/s3cret-name', undefined, { 'x-tapis-tracking-id': 'refused' })
  await client.call('GET', '/nowhere', undefined, { 'x-tapis-tracking-id': 'unknown' })
  const answered = () => lines.map((line) => JSON.parse(line) as Line).filter(({ msg }) => msg === 'answered')
  await eventually(() => answered().length).toBe(3)
  const common = { level: 20, method: 'GET', ms: expect.any(Number) as number }
  expect(answered()).toMatchObject([
    { ...common, route: '/v3/notifications/healthcheck', status: 200, trackingId: 'fine' },
    { ...common, route: '/v3/notifications/subscriptions/byName/:name', status: 404, trackingId: 'refused' },
    { ...common, status: 404, trackingId: 'unknown' },
  ])
  expect(lines.join()).not.toContain('s3cret')
})
