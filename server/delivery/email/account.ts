import { readEventData, type Fact, type JobData } from './event-data.ts'
import type { Notification, NotifiedEvent } from './notification.ts'
import { cut, printableLine } from './printable.ts'

/** What a mail says, whatever it looks like. Every text in it is fit to be shown; none is escaped for HTML. */
export interface Account {
  /** What happened, in a sentence. */
  readonly headline: string
  readonly mood: 'good' | 'bad' | 'neutral'
  /** When, to what, from where. */
  readonly facts: readonly Fact[]
  readonly message: string | undefined
  readonly data: string | undefined
  readonly footer: readonly string[]
}

/** Categories of the Jobs service that are no change of status (contract 8.3). */
const JOB_CATEGORIES: Readonly<Record<string, string>> = {
  JOB_ERROR_MESSAGE: 'error message', JOB_INPUT_TRANSACTION_ID: 'transfer of its inputs', JOB_ARCHIVE_TRANSACTION_ID: 'transfer to the archive',
  JOB_USER_EVENT: 'event of its user', JOB_SUBSCRIPTION: 'subscription', JOB_SHARE_EVENT: 'sharing',
}
const GOOD: ReadonlySet<string> = new Set(['FINISHED', 'COMPLETED'])
const BAD: ReadonlySet<string> = new Set(['FAILED', 'CANCELLED', 'FINAL_MESSAGE'])
const MOST_OF_VALUE = 500

/** Tells a notification to a person: what happened, when, to which job, as which of its series. Pure. */
export function accountOf({ uuid, tenant, subscriptionName, event, created }: Notification): Account {
  const { facts, message, text, job } = readEventData(event.data)
  return {
    headline: headlineOf(event, job),
    mood: moodOf(event, job),
    facts: [
      ['When', when(event.timestamp)],
      ...facts,
      ...fact('Subject', facts.some(([, told]) => told === event.subject) ? null : event.subject),
      ['Event type', value(event.type)],
      ['Sequence number', event.seriesSeqCount < 0 ? 'none, the event is in no series' : `${event.seriesSeqCount} of its series`],
      ...fact('Series', event.seriesId === event.subject ? null : event.seriesId),
      ['Source', value(event.source)],
      ['Tenant', value(tenant)],
      ['Subscription', value(subscriptionName)],
    ],
    message,
    data: text,
    footer: [
      'The whole notification is attached as notification.json.',
      `Notification ${uuid}, made ${when(created)}. This mail was sent because the subscription names your address; answers are not read.`,
    ],
  }
}

function headlineOf({ type, subject }: NotifiedEvent, { name, newStatus, oldStatus }: JobData): string {
  const [, category = '', detail = ''] = type.split('.')
  const job = name === undefined ? undefined : `Job ${name}`
  if (job !== undefined && newStatus !== undefined) return `${job} is now ${newStatus}${oldStatus === undefined ? '' : ` (before: ${oldStatus})`}`
  const words = Object.hasOwn(JOB_CATEGORIES, category) ? JOB_CATEGORIES[category] : undefined
  if (job !== undefined && words !== undefined) return `${job}: ${words}, ${detail}`
  return `${value(type)}${isBlank(subject) ? '' : ` for ${printableLine(cut(subject, 100))}`}`
}

function moodOf({ type }: NotifiedEvent, { newStatus }: JobData): Account['mood'] {
  const [, category, detail = ''] = type.split('.')
  const word = newStatus ?? detail
  if (category === 'JOB_ERROR_MESSAGE' || BAD.has(word)) return 'bad'
  return GOOD.has(word) ? 'good' : 'neutral'
}

const value = (text: string) => printableLine(cut(text, MOST_OF_VALUE))
const fact = (label: string, text: string | null): Fact[] => (isBlank(text) ? [] : [[label, value(text)]])
const isBlank = (text: string | null): text is null => text === null || text.trim() === ''

/** `2026-11-23 10:00:00 UTC`; what is no instant, as the publisher wrote it. */
function when(text: string): string {
  const at = text.length > 40 ? NaN : Date.parse(text)
  if (Number.isNaN(at) || !/^\d{4}-\d\d-\d\dT/.test(text)) return value(text)
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
