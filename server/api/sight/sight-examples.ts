import type { EventItem, EventReport, NotificationReport } from '@tidings/contract/sight.ts'

const EVENT_UUID = '5f0c5a0e-7c0b-4d1e-9f0a-3f2b8f1d6a10'

export const NOTIFICATION_EXAMPLE: NotificationReport = {
  uuid: '0d6f5a1b-9d0c-4c53-8a44-51d9d9a8a2c7',
  eventUuid: EVENT_UUID,
  subscription: { uuid: '9a6f0c1e-2f57-4d08-8c63-7a8f21f0b6d4', owner: 'jdoe', name: 'my-jobs' },
  target: {
    id: '7b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d',
    deliveryMethod: 'WEBHOOK',
    deliveryAddress: 'https://portal.example.org/hooks/jobs',
    origin: 'https://portal.example.org',
  },
  seriesSeqCount: 4,
  state: 'waiting',
  reason: 'retrying',
  explanation: 'The last attempt failed; it is tried again at nextTry.',
  created: '2026-11-23T10:00:00.131Z',
  settled: null,
  attempts: 1,
  httpStatus: null,
  nextTry: '2026-11-23T10:00:05.402Z',
  before: 0,
  firstInLane: null,
  lastAttempts: [
    {
      number: 1,
      started: '2026-11-23T10:00:00.140Z',
      durationMs: 12,
      outcome: 'failed',
      httpStatus: 500,
      reason: 'http_500',
    },
  ],
}

export const EVENT_EXAMPLE: EventReport['event'] = {
  uuid: EVENT_UUID,
  tenant: 'dev',
  user: 'jdoe',
  source: 'https://tapis.io/jobs',
  type: 'jobs.JOB_NEW_STATUS.RUNNING',
  subject: 'job-42',
  seriesId: 'job-42',
  seriesSeqCount: 4,
  timestamp: '2026-11-23T10:00:00Z',
  received: '2026-11-23T10:00:00.120Z',
  endSeries: false,
  deleteSubscriptionsMatchingSubject: false,
  data: '{"newJobStatus":"RUNNING"}',
  isDataShown: true,
}

export const EVENT_ITEM_EXAMPLE: EventItem = {
  uuid: EVENT_UUID,
  tenant: 'dev',
  type: 'jobs.JOB_NEW_STATUS.RUNNING',
  subject: 'job-42',
  seriesSeqCount: 4,
  received: '2026-11-23T10:00:00.120Z',
  bodyBytes: 512,
  event: null,
  state: 'dispatched',
  dispatched: '2026-11-23T10:00:00.130Z',
  waiting: 1,
  delivered: 0,
  givenUp: 0,
  cancelled: 0,
}

export const EVENT_REPORT_EXAMPLE: EventReport = {
  event: EVENT_EXAMPLE,
  state: 'dispatched',
  reason: null,
  explanation: 'It was compared with the subscriptions; each match has a notification.',
  dispatched: '2026-11-23T10:00:00.130Z',
  before: null,
  notifications: [NOTIFICATION_EXAMPLE],
  hasMoreNotifications: false,
  notMatched: [
    {
      subscription: { uuid: '1c9b1f0a-3a44-4d55-9a0f-6b2c3d4e5f60', owner: 'jdoe', name: 'failures' },
      typeFilter: 'jobs.JOB_NEW_STATUS.FAILED',
      subjectFilter: '*',
      reasons: ['type_detail'],
      explanation: 'Its type filter wants the detail FAILED, the event has RUNNING.',
    },
  ],
  hasMoreNotMatched: false,
}
