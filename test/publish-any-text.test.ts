import fc from 'fast-check'
import { expect } from 'vitest'
import { jobEvent } from './support/test-app.ts'
import { notificationsOf, serviceTest } from './support/service-fixtures.ts'
import { storedDeadLetters, undispatchedEvents } from './support/stored-state.ts'

const test = serviceTest()

/** What has broken databases, JSON printers and indexes before. */
const NASTY = [
  '\0',
  '\ud800',
  '\udc00',
  'a\udfffb',
  '\\u0000',
  '\\',
  '"',
  '"}',
  '\u2028\u2029',
  '\u0001\u001f\u007f\u0085',
  '\ufeff',
  '\uffff',
  '\u{1f600}',
  '\u{10ffff}',
  "'; drop table event; --",
  '{',
  '*',
  ' ',
  '\r\n',
  '__proto__',
  'x'.repeat(3000),
]

/** Any string of JavaScript: whole characters, half pairs, controls. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
  fc.array(fc.constantFrom(...NASTY), { maxLength: 4 }).map((parts) => parts.join('')),
)

/** Up to 1 MiB of it in JSON, now and then. */
const bigText = fc
  .tuple(fc.constantFrom('x', 'ü', '\u{1f600}', '\u2028', '"', '\0', '\ud800'), fc.integer({ min: 1, max: 1_000_000 }))
  .map(([unit, bytes]) => unit.repeat(Math.ceil(bytes / JSON.stringify(unit).length)))

const mostlyValid = <T>(valid: fc.Arbitrary<T>, other: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 12, arbitrary: valid }, { weight: 1, arbitrary: other })
const textOrNull = fc.option(anyText, { freq: 8 })

const anyEvent = fc.record(
  {
    source: mostlyValid(
      anyText.map((text) => `s${text.replaceAll(/\0|\p{Cs}/gu, '')}`),
      anyText,
    ),
    type: mostlyValid(fc.stringMatching(/^jobs\.[a-zA-Z][a-zA-Z0-9_~-]{0,40}\.[a-zA-Z][a-zA-Z0-9_~-]{0,40}$/), anyText),
    subject: mostlyValid(
      textOrNull.map((text) => text?.replaceAll(/\0|\p{Cs}/gu, '') ?? null),
      textOrNull,
    ),
    seriesId: mostlyValid(
      textOrNull.map((text) => text?.replaceAll(/\0|\p{Cs}/gu, '') ?? null),
      textOrNull,
    ),
    data: fc.oneof({ weight: 20, arbitrary: textOrNull }, { weight: 1, arbitrary: bigText }),
    timestamp: mostlyValid(
      anyText.map((text) => `t${text}`),
      anyText,
    ),
    endSeries: mostlyValid(fc.boolean(), anyText),
    deleteSubscriptionsMatchingSubject: mostlyValid(fc.boolean(), fc.constant(null)),
    // Maintained by the service, or unknown: ignored, whatever they hold.
    tenant: mostlyValid(anyText, fc.integer()),
    user: anyText,
    uuid: anyText,
    received: anyText,
    seriesSeqCount: mostlyValid(fc.integer(), anyText),
  },
  { requiredKeys: ['source', 'type', 'timestamp'] },
)

const anyBody = fc
  .tuple(anyEvent, fc.dictionary(anyText, fc.jsonValue(), { maxKeys: 2 }))
  .map(([event, unknown]) => ({ ...unknown, ...event }))

test('an event with any text in any member is rejected with 4xx, or delivered with exactly that text', async ({
  app,
  receiver,
}) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: '*' })
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(anyBody, async (event) => {
      const before = receiver.received.length
      const { status, body } = await app.client.call('POST', '/events/publish', event)
      if (status !== 200) {
        expect(status, body?.message).toBeGreaterThanOrEqual(400)
        expect(status, body?.message).toBeLessThan(500)
        return
      }
      accepted += 1
      await receiver.waitFor((received) => received.length > before)
      const delivered = receiver.received.at(-1)?.notification
      const {
        source,
        type,
        timestamp,
        subject = null,
        seriesId = null,
        data = null,
        endSeries = false,
        deleteSubscriptionsMatchingSubject = false,
      } = event
      expect(delivered?.event).toMatchObject({
        source,
        type,
        timestamp,
        subject,
        seriesId,
        data,
        endSeries,
        deleteSubscriptionsMatchingSubject,
        tenant: 'dev',
        user: 'jdoe',
        uuid: delivered?.eventUuid,
      })
      expect(body?.result).toEqual({ uuid: delivered?.eventUuid })
    }),
    { numRuns: 250, interruptAfterTimeLimit: 15_000 },
  )

  // Most are accepted, or the property would say little.
  expect(accepted).toBeGreaterThan(50)
  expect(await storedDeadLetters(app.db)).toEqual([])
  expect(await undispatchedEvents(app.db)).toEqual([])
})

test.for([
  ['NUL and half pairs in data', { data: 'a\0b\ud800c\udfff' }],
  ['NUL and half pairs in timestamp', { timestamp: '\0\ud800' }],
  ['one MiB of data, less the rest of the request', { data: 'x'.repeat(1_048_000) }],
  ['one MiB of escapes', { data: '\0'.repeat(174_000) }],
  ['a subject of 200,000 characters', { subject: 'x'.repeat(200_000) }],
  [
    'a series of 200,000 characters that does not compress',
    {
      subject: 's',
      seriesId: Array.from({ length: 40_000 }, (_, index) => (index * 2_654_435_761).toString(36)).join(''),
    },
  ],
] as const)('%s: accepted, delivered', async ([, event], { app, receiver }) => {
  const typeFilter = 'jobs.EXTREME.*'
  await app.subscribe({ addresses: [receiver.url()], typeFilter })
  const uuid = await app.publish({ ...event, type: 'jobs.EXTREME.X' })
  const [received] = await receiver.take(1)
  expect(received?.notification.event).toMatchObject({ ...event, uuid })
  expect(await notificationsOf(app, uuid)).not.toEqual([])
})

test.for(['source', 'subject', 'seriesId'])(
  'NUL or an unpaired surrogate in %s is rejected',
  async (member, { app }) => {
    for (const text of ['a\0', 'a\ud800', '\udc00a']) {
      expect(await app.client.call('POST', '/events/publish', jobEvent({ [member]: text }))).toMatchObject({
        status: 400,
      })
    }
  },
)
