import { expect, test } from 'vitest'
import { mailSummaryOf } from './mail-summary.ts'
import { htmlPart } from './html-part.ts'
import type { NotificationContent } from './notification-content.ts'
import { textPart } from './text-part.ts'

const JOB = 'ef9004c3-09d5-41d5-acd3-be7c9fd3daf6-007'

const notification = (event: Partial<NotificationContent['event']> = {}): NotificationContent => ({
  uuid: 'befe2475-58ad-4a5c-bcf2-593f04e49a20',
  tenant: 'dev',
  subscriptionName: 'jobs~jdoe~dev~ALL~cxh2',
  created: '2024-03-15T15:11:23.965413Z',
  event: {
    source: 'https://tapis.io/jobs',
    type: 'jobs.JOB_NEW_STATUS.RUNNING',
    subject: JOB,
    seriesId: JOB,
    seriesSeqCount: 6,
    timestamp: '2024-03-15T15:11:23.947827477Z',
    data: JSON.stringify({
      newJobStatus: 'RUNNING',
      oldJobStatus: 'QUEUED',
      jobName: 'smoke',
      jobUuid: JOB,
      jobOwner: 'jdoe',
      message: 'The job runs.',
    }),
    ...event,
  },
})

const REASON = 'You receive this mail because the subscription names your address. Replies are not read.'

test('the text part says what happened, when, to which job, and its number in the series', () => {
  expect(textPart(mailSummaryOf(notification()))).toBe(`Job smoke is now RUNNING (before: QUEUED)

  When             2024-03-15 15:11:23 UTC
  New status       RUNNING
  Previous status  QUEUED
  Job              smoke
  Job UUID         ${JOB}
  Job owner        jdoe
  Event type       jobs.JOB_NEW_STATUS.RUNNING
  Sequence number  6 of its series
  Source           https://tapis.io/jobs
  Tenant           dev
  Subscription     jobs~jdoe~dev~ALL~cxh2

Message:

  The job runs.

-- 
The whole notification is attached as notification.json.
Notification befe2475-58ad-4a5c-bcf2-593f04e49a20, created 2024-03-15 15:11:23 UTC. ${REASON}
`)
})

test.each([
  [
    'jobs.JOB_ERROR_MESSAGE.FAILED',
    { jobName: 'smoke', jobStatus: 'FAILED' },
    'Job smoke: error message, FAILED',
    'bad',
  ],
  [
    'jobs.JOB_INPUT_TRANSACTION_ID.COMPLETED',
    { jobName: 'smoke', transferStatus: 'COMPLETED' },
    'Job smoke: transfer of its inputs, COMPLETED',
    'good',
  ],
  [
    'jobs.JOB_NEW_STATUS.FAILED',
    { jobName: 'smoke', newJobStatus: 'FAILED', oldJobStatus: null },
    'Job smoke is now FAILED',
    'bad',
  ],
  ['jobs.JOB_NEW_STATUS.FINISHED', { jobName: 'smoke', newJobStatus: 'FINISHED' }, 'Job smoke is now FINISHED', 'good'],
  ['systems.system.create', { a: 1 }, `systems.system.create for ${JOB}`, 'neutral'],
  ['jobs.constructor.toString', { jobName: 'smoke' }, `jobs.constructor.toString for ${JOB}`, 'neutral'],
])('the headline of %s with %j is %s', (type, data, headline, tone) => {
  expect(mailSummaryOf(notification({ type, data: JSON.stringify(data) }))).toMatchObject({ headline, tone })
})

test('an event outside a series, without subject and data, has a mail as well', () => {
  const account = mailSummaryOf(
    notification({ subject: null, seriesId: null, seriesSeqCount: -1, data: null, timestamp: 'yesterday' }),
  )
  expect(account.headline).toBe('jobs.JOB_NEW_STATUS.RUNNING')
  expect(account.facts).toContainEqual(['Sequence number', 'none, the event is not in a series'])
  expect(account.facts).toContainEqual(['When', 'yesterday'])
  expect(account.facts.map(([label]) => label)).not.toContain('Subject')
})

test('a series is named if its id differs from the subject', () => {
  expect(mailSummaryOf(notification({ seriesId: 'attempt-2' })).facts).toContainEqual(['Series', 'attempt-2'])
})

test('the HTML part escapes everything that others wrote, wherever it appears', () => {
  const hostile = `<script>alert('1')</script><img src=x onerror="alert(2)">&amp;`
  const everywhere = notification({
    source: hostile,
    type: `jobs.${hostile}`,
    subject: hostile,
    seriesId: `${hostile}2`,
    timestamp: hostile,
    data: JSON.stringify({
      [hostile]: hostile,
      jobName: hostile,
      newJobStatus: hostile,
      message: hostile,
      nested: [hostile],
    }),
  })
  const html = htmlPart(mailSummaryOf({ ...everywhere, tenant: hostile, subscriptionName: hostile, uuid: hostile }))
  expect(html).not.toMatch(/<script|<img|onerror="|'1'/)
  expect(html).toContain(
    '&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&lt;img src=x onerror=&quot;alert(2)&quot;&gt;&amp;amp;',
  )
})

test('the HTML part loads nothing, and keeps lines and indentation', () => {
  const html = htmlPart(mailSummaryOf(notification({ data: 'first\n    second' })))
  expect(html).not.toMatch(/src=|url\(|<link|<script|<style|background/)
  expect(html).toContain('first<br>&nbsp; &nbsp; second')
})

test('a mark that changes the direction of reading cannot make a text look like another one', () => {
  for (const mark of '\u061c\u200e\u200f\u202a\u202e\u2066\u2069') {
    expect(mailSummaryOf(notification({ source: `https://example.org/${mark}gro.live` })).facts).toContainEqual([
      'Source',
      'https://example.org/\ufffdgro.live',
    ])
  }
})
