import { expect, test } from 'vitest'
import { whyNot, whyNotNotified, type EventToMatch, type FilterVersion, type SubscriptionLife } from './why-not.ts'

const AT = '2026-11-23T10:00:05.000000Z'
const EVENT: EventToMatch = {
  tenant: 'dev',
  type: ['jobs', 'STATUS', 'RUNNING'],
  subject: 'job-42',
  received: '2026-11-23T10:00:00.000000Z',
}
const LIFE: SubscriptionLife = {
  tenant: 'dev',
  created: '2026-11-01T00:00:00.000000Z',
  ended: null,
  endReason: null,
}
const VERSION: FilterVersion = { type: ['jobs', '*', '*'], subjectFilter: 'job-42', isEnabled: true, expiry: null }

test('a subscription whose filters fit matches', () => {
  expect(whyNot(EVENT, LIFE, VERSION, AT)).toEqual([])
  expect(whyNot({ ...EVENT, subject: null }, LIFE, { ...VERSION, subjectFilter: '*' }, AT)).toEqual([])
})

test.each<[string, readonly string[], Partial<SubscriptionLife>, Partial<FilterVersion>]>([
  ['another tenant', ['tenant'], { tenant: 'tacc' }, {}],
  ['created after the dispatch', ['created_later'], { created: '2026-11-23T10:00:05.000001Z' }, {}],
  ['deleted before', ['ended'], { ended: AT, endReason: 'deleted' }, {}],
  ['gone with its subject', ['ended'], { ended: AT, endReason: 'subject' }, {}],
  ['deleted after', [], { ended: '2026-11-23T10:00:05.000001Z', endReason: 'deleted' }, {}],
  ['ended by an expiry after the event', [], { ended: AT, endReason: 'expired' }, { expiry: AT }],
  ['expired before the event', ['expired'], { ended: AT, endReason: 'expired' }, { expiry: EVENT.received }],
  ['disabled', ['disabled'], {}, { isEnabled: false }],
  ['another service', ['type_service'], {}, { type: ['apps', '*', '*'] }],
  ['another category', ['type_category'], {}, { type: ['jobs', 'OTHER', '*'] }],
  ['another detail', ['type_detail'], {}, { type: ['jobs', '*', 'running'] }],
  ['other letters', ['subject_case'], {}, { subjectFilter: 'Job-42' }],
  ['another subject', ['subject'], {}, { subjectFilter: 'job-43' }],
  ['two reasons', ['disabled', 'subject'], {}, { isEnabled: false, subjectFilter: 'job-4' }],
])('%s: %j', (_name, reasons, life, version) => {
  expect(whyNot(EVENT, { ...LIFE, ...life }, { ...VERSION, ...version }, AT)).toEqual(reasons)
})

test('a received in the future counts as the moment of the dispatch', () => {
  const early = { ...EVENT, received: '2026-11-24T00:00:00.000000Z' }
  expect(whyNot(early, LIFE, { ...VERSION, expiry: AT }, AT)).toEqual(['expired'])
  expect(whyNot(early, LIFE, { ...VERSION, expiry: '2026-11-23T10:00:05.000001Z' }, AT)).toEqual([])
})

test('where the version in force would have matched, the one before it says why not, or nobody knows', () => {
  const disabled = { ...VERSION, isEnabled: false }
  const why = (inForce: FilterVersion | null, before: FilterVersion | null, at: string | null = AT) =>
    whyNotNotified(EVENT, LIFE, { inForce, before }, at)
  expect(why(disabled, VERSION)).toEqual({ reasons: ['disabled'], version: disabled })
  expect(why(VERSION, disabled)).toEqual({ reasons: ['disabled'], version: disabled })
  expect(why(VERSION, VERSION).reasons).toEqual(['not_known'])
  expect(why(null, null).reasons).toEqual(['not_known'])
  expect(why(disabled, null, null).reasons).toEqual(['not_known'])
  expect(
    whyNotNotified(EVENT, { ...LIFE, created: '2027-01-01T00:00:00.000000Z' }, { inForce: null, before: null }, AT)
      .reasons,
  ).toEqual(['created_later'])
})
