import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { parseTenantLists } from '@tidings/server/api/auth/tenants/tenant-lists.ts'
import { createJsonClient } from '@tidings/server/api/auth/json-client.ts'
import { createCachedAdmins } from '@tidings/server/api/admins/cached-admins.ts'
import { createSecurityKernel } from '@tidings/server/api/admins/security-kernel.ts'
import { createServiceTokens } from '@tidings/server/api/admins/service-token.ts'
import { AppError } from '@tidings/server/api/errors.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { SERVICE_PASSWORD, startSecurityKernel, type SecurityKernelServer } from './support/security-kernel-server.ts'

const [BEGINS, ENDS] = ['failing, will be retried', 'recovered']

interface Options {
  readonly password?: string
  readonly timeoutMs?: number
  readonly maxBodyBytes?: number
  /** Of the own site. */
  readonly services?: readonly string[]
}

/** Everything between a question and the two services, with a clock by hand. */
async function withKernel({
  password = SERVICE_PASSWORD,
  timeoutMs = 5000,
  maxBodyBytes = 65_536,
  services = ['security'],
}: Options = {}) {
  const kernel = await startSecurityKernel()
  onTestFinished(() => kernel.close())
  const pictureAt = async ({ baseUrl }: SecurityKernelServer) => ({
    ...(
      await parseTenantLists({
        tenants: [
          {
            tenant_id: 'branch-admin',
            site_id: 'branch',
            base_url: `${baseUrl}/own`,
            token_service: `${baseUrl}/tokens`,
          },
        ],
        sites: [
          { site_id: 'branch', site_admin_tenant_id: 'branch-admin', services },
          { site_id: 'main', primary: true, tenant_base_url_template: `${baseUrl}/primary/\${tenant_id}` },
        ],
      })
    ).data,
    warnings: [],
  })
  let picture = await pictureAt(kernel)
  let nowMs = 0
  const monotonicMs = () => nowMs
  const { log, ...record } = createRecordingLog()
  const client = createJsonClient({ maxBodyBytes })
  const tokens = createServiceTokens({ client, password, timeoutMs: 0.8 * timeoutMs, monotonicMs })
  const admins = createCachedAdmins(
    createSecurityKernel({ tenants: { current: () => picture }, siteId: 'branch', client, tokens, log, timeoutMs }),
    { monotonicMs },
  )
  const outcomeFor = (user: string) =>
    admins.isAdmin('dev', user).catch((error: unknown) => {
      if (error instanceof AppError) return `${error.httpStatus} ${error.code}`
      throw error
    })
  kernel.admins.add('boss@dev')
  return {
    kernel,
    record,
    outcomeFor,
    /** Nobody has been asked about this one yet. */
    ask: () => outcomeFor(`eve-${randomUUID()}`),
    advance: (ms: number) => {
      nowMs += ms
    },
    moveTo: async (other: SecurityKernelServer) => {
      picture = await pictureAt(other)
    },
  }
}

const NOT_FOUND_OUT = '503 NTFAPI_ADMIN_CHECK_ERR'

const answers =
  (text: string, status = 200, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  (response: ServerResponse) => {
    response.writeHead(status, headers).end(text)
  }

const YES = JSON.stringify({ result: { isAuthorized: true } })

/** Every way in which a service can fail to respond. The second half of the names is for responses that say yes. */
const FAILURES: readonly [string, (response: ServerResponse, kernel: SecurityKernelServer) => void][] = [
  ['closes the connection', (response) => response.destroy()],
  ['answers nothing', () => undefined],
  ['stops within its answer', (response) => response.writeHead(200, { 'content-length': '1000' }).write('{"result":')],
  [
    'breaks off within its answer',
    (response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{"result":')
      setImmediate(() => response.destroy())
    },
  ],
  ['answers 500 with a yes', answers(YES, 500)],
  ['answers 403 with a yes', answers(YES, 403)],
  ['answers 202 with a yes', answers(YES, 202)],
  ['answers 204', answers('', 204)],
  ['answers nothing but 200', answers('')],
  ['answers HTML', answers('<html><body>login</body></html>', 200, { 'content-type': 'text/html' })],
  ['answers JSON that is cut off', answers('{"result":{"isAuthorized":true}')],
  ['answers no object', answers('true')],
  ['answers without a result', answers('{}')],
  ['answers a null result', answers('{"result":null}')],
  ['answers a list', answers('{"result":[true]}')],
  ['answers a yes that is too long', answers(`{"result":{"isAuthorized":true,"more":"${'x'.repeat(70_000)}"}}`)],
  ['answers more headers than anybody reads', answers(YES, 200, { more: 'x'.repeat(40_000) })],
  [
    'redirects to where the answer is yes',
    (response, kernel) => {
      response.writeHead(307, { location: `${kernel.baseUrl}/other/v3/security/user/isAdmin?pretty=false` }).end()
    },
  ],
]

test('the requests for a token and for isAdmin are those of protocol 1.7', async () => {
  const { kernel, outcomeFor } = await withKernel()
  expect(await outcomeFor('boss')).toBe(true)
  expect(kernel.tokenRequests).toEqual([
    {
      method: 'POST',
      url: '/tokens/v3/tokens',
      headers: expect.objectContaining({
        authorization: `Basic ${Buffer.from('notifications:the password: of a service').toString('base64')}`,
        'content-type': 'application/json',
      }) as object,
      body: {
        token_tenant_id: 'branch-admin',
        token_username: 'notifications',
        account_type: 'service',
        access_token_ttl: 14_400,
        refresh_token_ttl: 14_460,
        generate_refresh_token: true,
        target_site_id: 'branch',
      },
    },
  ])
  expect(kernel.questions).toEqual([
    {
      method: 'POST',
      url: '/own/v3/security/user/isAdmin?pretty=false',
      headers: expect.objectContaining({
        'x-tapis-token': expect.stringMatching(/^token-/) as string,
        'x-tapis-user': 'notifications',
        'x-tapis-tenant': 'branch-admin',
        'content-type': 'application/json',
      }) as object,
      body: { tenant: 'dev', user: 'boss' },
    },
  ])
})

test('a site without a Security Kernel asks the one of the primary site, with a token for it', async () => {
  const { kernel, outcomeFor } = await withKernel({ services: ['notifications'] })
  expect(await outcomeFor('boss')).toBe(true)
  expect(kernel.questions).toMatchObject([
    {
      url: '/primary/branch-admin/v3/security/user/isAdmin?pretty=false',
      headers: { 'x-tapis-tenant': 'branch-admin' },
    },
  ])
  expect(kernel.tokenRequests).toMatchObject([{ body: { target_site_id: 'main', token_tenant_id: 'branch-admin' } }])
})

test.each([
  ['{"result":{}}', false],
  ['{"result":{"isAuthorized":null}}', false],
  ['{"result":{"isAuthorized":false}}', false],
  [YES, true],
])('the response %s is %s', async (text, isAdmin) => {
  const { kernel, ask } = await withKernel()
  kernel.answerQuestions = answers(text)
  expect(await ask()).toBe(isAdmin)
})

test('responses are kept for 60 s, the token for longer, and simultaneous questions are shared', async () => {
  const { kernel, outcomeFor, advance } = await withKernel()
  const users = Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? 'boss' : 'eve'))
  expect(await Promise.all(users.map(outcomeFor))).toEqual(users.map((user) => user === 'boss'))
  expect([kernel.questions.length, kernel.tokenRequests.length]).toEqual([2, 1])
  kernel.admins.clear()
  advance(59_999)
  expect([await outcomeFor('boss'), await outcomeFor('eve')]).toEqual([true, false])
  expect(kernel.questions).toHaveLength(2)
  advance(1)
  expect(await outcomeFor('boss')).toBe(false)
  expect([kernel.questions.length, kernel.tokenRequests.length]).toEqual([3, 1])
})

test.each(FAILURES)(
  'when the Security Kernel %s, nobody is an administrator, and it is asked again the next time',
  async (_, fail) => {
    const { kernel, outcomeFor } = await withKernel({ timeoutMs: 1000 })
    kernel.answerQuestions = (response) => fail(response, kernel)
    expect(await outcomeFor('boss')).toBe(NOT_FOUND_OUT)
    expect(kernel.questions).toHaveLength(1)
    kernel.answerQuestions = undefined
    expect(await outcomeFor('boss')).toBe(true)
  },
)

test.each(FAILURES)('when the Tokens service %s, nobody is asked and nobody is an administrator', async (_, fail) => {
  const { kernel, outcomeFor } = await withKernel({ timeoutMs: 1000 })
  kernel.answerTokens = (response) => fail(response, kernel)
  expect(await outcomeFor('boss')).toBe(NOT_FOUND_OUT)
  expect([kernel.questions.length, kernel.tokenRequests.length]).toEqual([0, 1])
  kernel.answerTokens = undefined
  expect(await outcomeFor('boss')).toBe(true)
})

test.each(['""', '7', 'null', '"a b"', '"line\\nline"', '{}'])('%s is not a token', async (token) => {
  const { kernel, ask } = await withKernel()
  kernel.answerTokens = answers(`{"result":{"access_token":{"access_token":${token},"expires_in":100}}}`)
  expect(await ask()).toBe(NOT_FOUND_OUT)
  expect(kernel.questions).toEqual([])
})

test('a yes that is not a boolean is not valid', async () => {
  const { kernel, ask } = await withKernel()
  for (const yes of ['"true"', '1', '{}', '[true]']) {
    kernel.answerQuestions = answers(`{"result":{"isAuthorized":${yes}}}`)
    expect(await ask()).toBe(NOT_FOUND_OUT)
  }
})

test('when nothing listens any more, that is noticed at once', async () => {
  const { kernel, ask } = await withKernel()
  await kernel.close()
  expect(await ask()).toBe(NOT_FOUND_OUT)
})

test('the log says when it begins to fail, and when it works again; no password and no token is in it', async () => {
  const { kernel, ask, record } = await withKernel()
  kernel.answerQuestions = answers('', 500)
  for (let time = 0; time < 3; time += 1) await ask()
  kernel.answerQuestions = undefined
  for (let time = 0; time < 3; time += 1) expect(await ask()).toBe(false)
  expect(record.messages).toEqual([BEGINS, ENDS])
  expect(record.lines[0]).toMatch(/isAdmin\?pretty=false responded with 500/)
  for (const secret of [
    'the password',
    Buffer.from('notifications:the password').toString('base64').slice(0, 20),
    'token-',
  ])
    expect(record.lines.join()).not.toContain(secret)
})

test("a wrong password is a logged failure, and not the caller's", async () => {
  const { kernel, ask, record } = await withKernel({ password: 'secret and wrong' })
  expect([await ask(), await ask()]).toEqual([NOT_FOUND_OUT, NOT_FOUND_OUT])
  expect(kernel.questions).toEqual([])
  expect(record.messages).toEqual([BEGINS])
  expect(record.lines.join()).toContain('/tokens/v3/tokens responded with 401')
  expect(record.lines.join()).not.toContain('secret and wrong')
})

test('a token is used until a minute before it ends', async () => {
  const { kernel, ask, advance } = await withKernel()
  kernel.tokenLifeS = 600
  await ask()
  advance(539_999)
  expect([await ask(), kernel.tokenRequests.length]).toEqual([false, 1])
  advance(1)
  expect([await ask(), kernel.tokenRequests.length]).toEqual([false, 2])
})

test('a rejected token is renewed once, and the question repeated; other rejected ones share the new one', async () => {
  const { kernel, ask, advance } = await withKernel()
  await ask()
  kernel.revokeTokens()
  advance(10_000)
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([false, false, false])
  expect([kernel.tokenRequests.length, kernel.questions.length]).toEqual([2, 1 + 3 + 3])
})

test('a Security Kernel that rejects every token does not flood the Tokens service', async () => {
  const { kernel, ask, advance } = await withKernel()
  kernel.answerQuestions = answers('', 401)
  for (let time = 0; time < 5; time += 1) expect(await ask()).toBe(NOT_FOUND_OUT)
  expect([kernel.tokenRequests.length, kernel.questions.length]).toEqual([1, 5])
  advance(10_000)
  for (let time = 0; time < 5; time += 1) expect(await ask()).toBe(NOT_FOUND_OUT)
  expect([kernel.tokenRequests.length, kernel.questions.length]).toEqual([2, 11])
})

test('when the tenant lists give a new address, it is asked there, with a token from there', async () => {
  const { ask, moveTo, kernel } = await withKernel()
  await ask()
  const other = await startSecurityKernel()
  onTestFinished(() => other.close())
  await moveTo(other)
  expect(await ask()).toBe(false)
  expect([kernel.questions.length, other.tokenRequests.length, other.questions.length]).toEqual([1, 1, 1])
})
