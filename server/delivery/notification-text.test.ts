import { eventText, instantText, withSeqCount } from '@tidings/contract/event-text.ts'
import { expect, test } from 'vitest'
import { notificationText } from './notification-text.ts'

/** The sample of protocol 5.3, verbatim. */
const SAMPLE = String.raw`{
  "uuid": "befe2475-58ad-4a5c-bcf2-593f04e49a20",
  "tenant": "dev",
  "subscriptionName": "jobs~testuser2~dev~ef9004c3-09d5-41d5-acd3-be7c9fd3daf6-007~cxh2",
  "eventUuid": "1d16202d-2248-4690-bcc9-a0134a4089cd",
  "event": {
    "source": "https://tapis.io/jobs",
    "type": "jobs.JOB_NEW_STATUS.RUNNING",
    "subject": "ef9004c3-09d5-41d5-acd3-be7c9fd3daf6-007",
    "data": "{\"newJobStatus\":\"RUNNING\",\"oldJobStatus\":\"QUEUED\",\"jobName\":\"smoke\",\"jobUuid\":\"ef9004c3-09d5-41d5-acd3-be7c9fd3daf6-007\",\"jobOwner\":\"testuser2\",\"message\":\"...\"}",
    "seriesId": "ef9004c3-09d5-41d5-acd3-be7c9fd3daf6-007",
    "seriesSeqCount": 6,
    "timestamp": "2024-03-15T15:11:23.947827477Z",
    "deleteSubscriptionsMatchingSubject": false,
    "endSeries": false,
    "tenant": "dev",
    "user": "jobs",
    "received": "2024-03-15T15:11:23.951002113Z",
    "uuid": "1d16202d-2248-4690-bcc9-a0134a4089cd"
  },
  "deliveryTarget": {
    "deliveryMethod": "WEBHOOK",
    "deliveryAddress": "https://portal.example.org/hooks/jobs"
  },
  "created": "2024-03-15T15:11:23.965413696Z"
}`

const JOB = 'ef9004c3-09d5-41d5-acd3-be7c9fd3daf6-007'
const { text, seqOffset } = eventText({
  source: 'https://tapis.io/jobs',
  type: 'jobs.JOB_NEW_STATUS.RUNNING',
  subject: JOB,
  data: `{"newJobStatus":"RUNNING","oldJobStatus":"QUEUED","jobName":"smoke","jobUuid":"${JOB}","jobOwner":"testuser2","message":"..."}`,
  seriesId: JOB,
  timestamp: '2024-03-15T15:11:23.947827477Z',
  deleteSubscriptionsMatchingSubject: false,
  endSeries: false,
  tenant: 'dev',
  user: 'jobs',
  received: instantText('2024-03-15T15:11:23.951002113Z'),
  uuid: '1d16202d-2248-4690-bcc9-a0134a4089cd',
})
const sample = {
  uuid: 'befe2475-58ad-4a5c-bcf2-593f04e49a20',
  tenant: 'dev',
  subscriptionName: `jobs~testuser2~dev~${JOB}~cxh2`,
  eventUuid: '1d16202d-2248-4690-bcc9-a0134a4089cd',
  eventText: withSeqCount(text, seqOffset, 6),
  deliveryMethod: 'WEBHOOK',
  deliveryAddress: 'https://portal.example.org/hooks/jobs',
  created: instantText('2024-03-15 15:11:23.965413696+00'),
}

test('a notification is byte for byte the sample of protocol 5.3', () => {
  expect(notificationText(sample)).toBe(SAMPLE)
})

test('texts of the subscriber cannot break out of their string', () => {
  const hostile = '"},\u2028\n"x": {"\\'
  const body: unknown = JSON.parse(notificationText({ ...sample, subscriptionName: hostile, deliveryAddress: hostile }))
  expect(body).toMatchObject({ subscriptionName: hostile, deliveryTarget: { deliveryAddress: hostile } })
})
