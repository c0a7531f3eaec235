import type { InboxRecord } from '@tidings/server/broker/inbox.ts'

/** An event without a series or a text in partition 0, unless something else is said. */
export const inboxRecord = (change: Partial<InboxRecord> & Pick<InboxRecord, 'uuid'>): InboxRecord => ({
  partition: 0,
  kind: 'event',
  tenant: 'dev',
  seriesKey: null,
  type: null,
  subject: null,
  endsSeries: false,
  deletesSubscriptions: false,
  received: new Date(0),
  body: '',
  seqOffset: 0,
  bodyBytes: 1,
  ...change,
})
