import { afterAll, beforeAll, expect, test } from 'vitest'
import { sendCheckedRequest } from './support/checked-request.ts'
import { irregularCallers, type CallerHeaders } from './support/irregular-callers.ts'
import { callersOf, startTwoSites, type TwoSites } from './support/two-sites.ts'

const SECRET = 'secret-of-tb'
const NEW = {
  typeFilter: 'jobs.*.*',
  deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: 'https://portal.example.org/hook' }],
}
const EVENT = { source: 's', type: 'jobs.a.b', timestamp: '2026-01-01T00:00:00Z', subject: 'table', seriesId: 'table' }

let sites: TwoSites
let uuid = ''
let sequence = ''
let created = 0
beforeAll(async () => {
  sites = await startTwoSites()
  const { service } = callersOf(sites)
  for (const [tenant, owner, name] of [
    ['ta', 'bob', 'of-bob'],
    ['ta', 'carol', 'of-carol'],
    ['tb', 'eve', `${SECRET}-eve`],
    ['tb', 'bob', `${SECRET}-bob`],
  ] as const) {
    const { status } = await ask('POST', '/subscriptions', service(tenant, owner), {
      ...NEW,
      name,
      description: name,
      subjectFilter: tenant === 'tb' ? `${SECRET}-subject` : 'a',
    })
    expect(status).toBe(201)
  }
  uuid = (await rowsOf())[0]?.uuid ?? ''
  const begun = await ask('POST', '/test/begin', service('tb', 'eve', 'notifications'))
  sequence = (begun.envelope.result as { name: string }).name
})
afterAll(() => sites.stop())

const ask = (method: string, path: string, headers: CallerHeaders, body?: object) =>
  sendCheckedRequest(sites.url, method, path, headers, body)

interface Row {
  readonly uuid: string
  readonly name: string
}

async function rowsOf(): Promise<readonly Row[]> {
  const answer = await ask(
    'GET',
    '/subscriptions?anyOwner=true&select=allAttributes&limit=-1',
    callersOf(sites).service('tb', 'eve'),
  )
  return (answer.envelope.result as readonly Row[]).filter(({ name }) => name.startsWith(SECRET))
}

interface Line {
  readonly method: string
  readonly path: string
  readonly body?: object
  readonly isPublic?: true
  /** The response may repeat what the path has. */
  readonly namesSecret?: true
}

const lines = (): readonly Line[] => [
  { method: 'GET', path: '/healthcheck', isPublic: true },
  { method: 'GET', path: '/readycheck', isPublic: true },
  { method: 'POST', path: '/test/callback/nope', body: {}, isPublic: true },
  { method: 'POST', path: '/events/publish', body: EVENT },
  { method: 'POST', path: '/events', body: EVENT },
  { method: 'POST', path: '/events/publishBatch', body: { events: [{ event: EVENT }] } },
  { method: 'POST', path: '/events/endSeries', body: { source: 's', subject: 'table', seriesId: 'table' } },
  {
    method: 'POST',
    path: '/subscriptions',
    body: { ...NEW, subjectFilter: 'of-the-table', name: `n${(created += 1)}` },
  },
  { method: 'GET', path: '/subscriptions' },
  { method: 'GET', path: '/subscriptions/search?name.like=*' },
  { method: 'POST', path: '/subscriptions/search', body: { search: ["name LIKE '%'"] } },
  { method: 'GET', path: `/subscriptions/byName/${SECRET}-eve`, namesSecret: true },
  { method: 'PATCH', path: `/subscriptions/byName/${SECRET}-eve`, body: { description: 'changed' }, namesSecret: true },
  { method: 'DELETE', path: `/subscriptions/byName/${SECRET}-eve`, namesSecret: true },
  { method: 'GET', path: `/subscriptions/byUuid/${uuid}` },
  { method: 'DELETE', path: `/subscriptions/byUuid/${uuid}` },
  { method: 'DELETE', path: `/subscriptions/bySubject/${SECRET}-subject`, namesSecret: true },
  { method: 'GET', path: `/subscriptions/${SECRET}-eve/isEnabled`, namesSecret: true },
  { method: 'POST', path: `/subscriptions/${SECRET}-eve/enable`, namesSecret: true },
  { method: 'POST', path: `/subscriptions/${SECRET}-eve/disable`, namesSecret: true },
  { method: 'POST', path: `/subscriptions/${SECRET}-eve/updateTTL/5`, namesSecret: true },
  { method: 'POST', path: '/test/begin' },
  { method: 'GET', path: `/test/${sequence}` },
  { method: 'DELETE', path: `/test/${sequence}` },
  { method: 'GET', path: '/openapi.json', isPublic: true },
  { method: 'GET', path: '/openapi.yaml', isPublic: true },
  { method: 'GET', path: '/docs', isPublic: true },
  { method: 'GET', path: '/docs/', isPublic: true },
]

const EXPECTED = { rejected: [401], malformed: [400] } as const
/** An operation that tells nothing of what is there: DELETE of what is not one's own changes nothing. */
const isLeak = ({ method, namesSecret }: Line, status: number) =>
  status < 300 && method === 'GET' && namesSecret === true

test('every caller gets from every operation what is allowed, enveloped, and nothing of another tenant', async () => {
  const before = await rowsOf()
  const callers = Object.entries(irregularCallers(sites))
  const wrong: string[] = []
  let cells = 0
  for (const [name, [headers, verdict]] of callers) {
    for (const line of lines()) {
      cells += 1
      const { status, text } = await ask(line.method, line.path, headers, line.body)
      const expected: readonly number[] | undefined =
        line.isPublic || verdict === 'admitted' ? undefined : EXPECTED[verdict]
      const place = `${name}: ${line.method} ${line.path} ${status}`
      if (status >= 500 || expected?.includes(status) === false) wrong.push(`${place}, expected ${String(expected)}`)
      if (isLeak(line, status) || (line.namesSecret === undefined && text.includes(SECRET)))
        wrong.push(`${place} leaks ${text.slice(0, 200)}`)
    }
  }
  expect(wrong).toEqual([])
  expect(cells).toBe(callers.length * lines().length)
  expect(callers.length).toBeGreaterThan(80)
  expect(await rowsOf()).toEqual(before)
}, 180_000)
