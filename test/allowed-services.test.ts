import { createClient, type Client } from '@tidings/harness/client.ts'
import { openApiDocument } from '@tidings/server/api/openapi/document.ts'
import { expect, test } from 'vitest'
import { checkResponse } from './support/response-checks.ts'
import { startAppForTest, type TestApp } from './support/test-app.ts'

type Holder = Parameters<TestApp['tokenOf']>[0]
type Method = Parameters<Client['call']>[0]

async function clientOf(app: TestApp, holder: Holder): Promise<Client> {
  const token = await app.tokenOf(holder)
  const [user, tenant] = holder.kind === 'service' ? ['jdoe', 'dev'] : ['', '']
  return createClient(() => app.url, { token, user, tenant, onResponse: checkResponse })
}

/** Every operation of the document, and whether it asks for a token. */
const OPERATIONS = Object.entries(openApiDocument(undefined).paths).flatMap(([path, operations]) =>
  Object.entries(operations as Readonly<Record<string, { readonly responses: object }>>).map(
    ([method, { responses }]) => ({
      method: method.toUpperCase() as Method,
      path: path.replace('/v3/notifications', '').replaceAll(/\{(\w+)\}/g, 'x'),
      isGuarded: '401' in responses,
    }),
  ),
)

const codeOf = ({ status, body }: { status: number; body: { message: string } | undefined }) =>
  `${status} ${body?.message.split(/[ .]/)[0] ?? ''}`

test('a service that is not on the list is rejected by every operation with a token, before all else', async () => {
  const app = await startAppForTest({ env: { TIDINGS_ALLOWED_SERVICES: 'jobs, systems' } })
  const apps = await clientOf(app, { kind: 'service', name: 'apps' })
  try {
    const guarded = OPERATIONS.filter(({ isGuarded }) => isGuarded)
    expect(guarded).toHaveLength(21)
    for (const { method, path } of guarded) {
      const answer = await apps.call(method, path, method === 'GET' ? undefined : { not: 'valid' })
      expect(codeOf(answer), `${method} ${path}`).toBe('401 TAPIS_SECURITY_RESTRICTED_SERVICE')
      expect(answer.body?.message).toContain('service: apps')
    }
    for (const { method, path } of OPERATIONS.filter(({ isGuarded }) => !isGuarded)) {
      expect((await apps.call(method, path, method === 'GET' ? undefined : {})).status, `${method} ${path}`).not.toBe(
        401,
      )
    }
  } finally {
    await apps.close()
  }
})

test('services on the list and users are served as before; names are compared exactly', async () => {
  const app = await startAppForTest({ env: { TIDINGS_ALLOWED_SERVICES: 'jobs, systems' } })
  expect((await app.client.call('GET', '/subscriptions')).status).toBe(200)
  await app.publish({ subject: 'allowed' })
  for (const [holder, expected] of [
    [{ kind: 'service', name: 'systems' }, 200],
    [{ kind: 'user', name: 'apps' }, 200],
    [{ kind: 'service', name: 'Jobs' }, 401],
    [{ kind: 'service', name: 'job' }, 401],
    [{ kind: 'service', name: 'notifications' }, 401],
  ] satisfies [Holder, number][]) {
    const client = await clientOf(app, holder)
    expect((await client.call('GET', '/subscriptions')).status, holder.name).toBe(expected)
    await client.close()
  }
})

test('without a list every service may call', async () => {
  const app = await startAppForTest()
  const apps = await clientOf(app, { kind: 'service', name: 'apps' })
  expect((await apps.call('GET', '/subscriptions')).status).toBe(200)
  await apps.close()
})
