import { createReachability } from '@tidings/server/wiring/reachability.ts'
import { describe, expect, test } from 'vitest'
import { createApiForFile, envelopeOf } from './support/test-api.ts'

const PUBLIC_URL = 'http://10.1.2.3:8080'
const FROM = { name: 'Tidings', address: 'no-reply@example.org' }
const reach = createReachability({
  allowAddresses: ['10.7.0.0/16'],
  publicUrl: PUBLIC_URL,
  mail: { provider: 'LOG', from: FROM },
})
const api = createApiForFile({ isEmptiedBeforeEach: true, deps: () => ({ reach }) })

const NEW = { typeFilter: 'jobs.*.*', subjectFilter: 'job-1', ttlMinutes: 60 }
const webhook = (deliveryAddress: string) => ({ deliveryMethod: 'WEBHOOK', deliveryAddress })
const mail = (deliveryAddress: string) => ({ deliveryMethod: 'EMAIL', deliveryAddress })
const PUBLIC = webhook('https://portal.example.org/hooks')

const create = (body: object) =>
  api.call('POST', '/subscriptions', { body: { name: 's1', ...NEW, deliveryTargets: [PUBLIC], ...body } })
const patch = (body: object) => api.call('PATCH', '/subscriptions/byName/s1', { body })

async function warnings(answer: Promise<Response>, status: number): Promise<string> {
  const response = await answer
  const envelope = await envelopeOf(response, status)
  // Warnings are only in the header.
  expect(Object.keys(envelope)).toEqual(['result', 'status', 'message', 'version', 'commit', 'build', 'metadata'])
  expect(envelope.metadata).toBeNull()
  return response.headers.get('tidings-warning') ?? ''
}

describe('what is accepted, with a warning', () => {
  test.each([
    ['10.0.0.1', /10\.0\.0\.1 .*\(private\)/],
    ['169.254.169.254', /\(metadata\)/],
    ['2130706433', /127\.0\.0\.1 .*\(loopback\)/],
    ['0x7f.1', /\(loopback\)/],
    ['0177.0.0.1', /\(loopback\)/],
    ['127.1', /\(loopback\)/],
    ['127.0.0.1.', /\(loopback\)/],
    ['①②⑦.0.0.1', /\(loopback\)/],
    ['[::ffff:10.0.0.1]', /\(private\)/],
    ['[::ffff:a00:1]', /\(private\)/],
    ['[::1]', /\(no global unicast\)/],
    ['[fd00::1]', /\(no global unicast\)/],
    ['[64:ff9b::10.0.0.1]', /\(no global unicast\)/],
    ['0.0.0.0', /\(unspecified\)/],
    ['255.255.255.255', /./],
    ['224.0.0.1', /\(multicast\)/],
    ['192.168.1.1:8080', /192\.168\.1\.1 /],
    ['user:secret@172.16.0.1', /^(?!.*secret)/],
    ['localhost:9000', /\(loopback\)/],
    ['app.localhost', /\(loopback\)/],
  ])('a literal address that is rejected when sending: %s', async (host, expected) => {
    const deliveryTargets = [PUBLIC, webhook(`http://${host}/hook?token=secret`)]
    expect(await warnings(create({ deliveryTargets }), 201)).toMatch(/^\/deliveryTargets\/1\/deliveryAddress: /)
    expect(await warnings(patch({ deliveryTargets }), 200)).toMatch(expected)
    expect(await warnings(patch({ deliveryTargets }), 200)).not.toContain('secret')
  })

  test.each(['nowhere.invalid', 'a.b.INVALID', 'invalid.'])('a name that nobody can have: %s', async (host) => {
    expect(await warnings(create({ deliveryTargets: [webhook(`http://${host}/hook`)] }), 201)).toMatch(
      /no host can have the name .*invalid/,
    )
  })

  test.each(['job-*', '*job', '**', ' * ', 'a*b', '*.*.*'])('a * within a subject: %j', async (subjectFilter) => {
    expect(await warnings(create({ subjectFilter }), 201)).toMatch(/^\/subjectFilter: .*not a wildcard/)
    expect(await warnings(patch({ subjectFilter }), 200)).toMatch(/^\/subjectFilter: /)
  })

  test('a week that was not requested', async () => {
    expect(await warnings(create({ ttlMinutes: undefined }), 201)).toMatch(
      /^\/ttlMinutes: none was given, so this subscription expires after 10080 minutes \(7 days\)/,
    )
    expect(await warnings(patch({ description: 'x' }), 200)).toBe('')
  })

  test('mail, where none is sent', async () => {
    expect(await warnings(create({ deliveryTargets: [mail('jdoe@example.org')] }), 201)).toMatch(
      /this service sends no e-mail/,
    )
    expect(await warnings(patch({ deliveryTargets: [PUBLIC, mail('jdoe@example.org')] }), 200)).toMatch(
      /^\/deliveryTargets\/1\/deliveryAddress: this service sends no e-mail/,
    )
  })

  test('everything at once, each a header of its own, and no more than ten', async () => {
    const response = await create({
      subjectFilter: 'a*',
      ttlMinutes: undefined,
      deliveryTargets: [webhook('http://10.0.0.1/'), mail('a@b')],
    })
    expect(response.headers.get('tidings-warning')?.split(', /')).toHaveLength(4)
    const many = await patch({ deliveryTargets: Array.from({ length: 50 }, (_, n) => webhook(`http://10.0.0.${n}/`)) })
    expect(many.headers.get('tidings-warning')?.split(', /')).toHaveLength(10)
  })
})

test.each([
  [
    'a public address',
    {
      deliveryTargets: [
        webhook('http://93.184.216.34/'),
        webhook('https://[2606:4700::1]/'),
        webhook('http://10.example.org/'),
      ],
    },
  ],
  ['an address that the operator allows', { deliveryTargets: [webhook('http://10.7.1.1/')] }],
  ["the service's own callback", { deliveryTargets: [webhook(`${PUBLIC_URL}/v3/notifications/test/callback/x`)] }],
  ['the filter for every subject', { subjectFilter: '*' }],
  ['a time to live of a week that was asked for', { ttlMinutes: 10_080 }],
  ['no end', { ttlMinutes: 0 }],
])('%s brings no warning', async (_what, body) => {
  expect(await warnings(create(body), 201)).toBe('')
})

describe('what could never be delivered is rejected, at creation and at a change', () => {
  test.each([
    'http://user:a%b@portal.example.org/',
    'http://user:p%E4@portal.example.org/',
    'http://us%3Aer:pw@portal.example.org/',
    'http://%:x@portal.example.org/',
    'http://user:%C3%28@portal.example.org/',
    'http://portal.example.org:0/',
    'http://portal..example.org/',
    `http://${'a'.repeat(64)}.example.org/`,
    'http://portal.example.org/\r\nX: y',
    'http://portal.example.org/a\u0085b',
  ])('a webhook to %j', async (address) => {
    await envelopeOf(create({ deliveryTargets: [webhook(address)] }), 400)
    await envelopeOf(create({}), 201)
    const { message } = await envelopeOf(patch({ deliveryTargets: [PUBLIC, webhook(address)] }), 400)
    expect(message).toContain('#1 /deliveryTargets/1/deliveryAddress has ')
  })

  test.each([
    'Jane Doe <jdoe@example.org>',
    '<jdoe@example.org>',
    'a@example.org, b@example.org',
    'a@example.org;b@example.org',
    ' a@example.org',
    'a @example.org',
    'a@example..org',
    'a@.org',
    'a@b,c',
    `${'x'.repeat(310)}@example.org`,
    `a@${'x'.repeat(64)}.org`,
    'a@b\nBcc: c',
  ])('a mail to %j', async (address) => {
    await envelopeOf(create({ deliveryTargets: [mail(address)] }), 400)
    await envelopeOf(create({}), 201)
    await envelopeOf(patch({ deliveryTargets: [mail(address)] }), 400)
  })
})

test.each([
  'http://user:a%25b@portal.example.org/',
  'http://us%20er:p%C3%A4ss@portal.example.org/',
  'http://user@portal.example.org/',
  'http://portal.example.org./',
  'http://under_score.example.org/%zz?%',
  'http://portal.example.org:65535/',
])('a webhook to %s may be created', async (address) => {
  expect(await warnings(create({ deliveryTargets: [webhook(address)] }), 201)).toBe('')
})

test.each([
  'josé@example.org',
  'a@exämple.org',
  '"a, b"@example.org',
  'a,b@example.org',
  'a@b@example.org',
  'a+b@example.org',
  'a..b@example.org',
  'a@[127.0.0.1]',
  `${'x'.repeat(65)}@example.org`,
])('a mail to %s may be created: its server decides', async (address) => {
  await envelopeOf(create({ deliveryTargets: [mail(address)] }), 201)
})
