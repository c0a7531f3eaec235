import { readEventData, type Fact, type JobData } from './event-data.ts'
import type { NotificationContent, NotifiedEvent } from './notification-content.ts'
import { truncate, printableLine } from './printable.ts'

/** The content of a mail, independent of its layout. Every text in it is printable; none is escaped for HTML. */
export interface MailSummary {
  /** What happened, in one sentence. */
  readonly headline: string
  readonly tone: 'good' | 'bad' | 'neutral'
  /** When it happened, to what, and where it came from. */
  readonly facts: readonly Fact[]
  readonly message: string | undefined
  readonly data: string | undefined
  readonly footer: readonly string[]
}

/** Categories of the Jobs service other than changes of status (protocol 8.3). */
const JOB_CATEGORIES: Readonly<Record<string, string>> = {
  JOB_ERROR_MESSAGE: 'error message',
  JOB_INPUT_TRANSACTION_ID: 'transfer of its inputs',
  JOB_ARCHIVE_TRANSACTION_ID: 'transfer to the archive',
  JOB_USER_EVENT: 'event of its user',
  JOB_SUBSCRIPTION: 'subscription',
  JOB_SHARE_EVENT: 'sharing',
}
const GOOD: ReadonlySet<string> = new Set(['FINISHED', 'COMPLETED'])
const BAD: ReadonlySet<string> = new Set(['FAILED', 'CANCELLED', 'FINAL_MESSAGE'])
const MAX_VALUE_LENGTH = 500

/** Summarizes a notification for a person: what happened, when, to which job, and its number in its series. Pure. */
export function mailSummaryOf({ uuid, tenant, subscriptionName, event, created }: NotificationContent): MailSummary {
  const { facts, message, text, job } = readEventData(event.data)
  return {
    headline: headlineOf(event, job),
    tone: toneOf(event, job),
    facts: [
      ['When', when(event.timestamp)],
      ...facts,
      ...fact('Subject', facts.some(([, shown]) => shown === event.subject) ? null : event.subject),
      ['Event type', value(event.type)],
      [
        'Sequence number',
        event.seriesSeqCount < 0 ? 'none, the event is not in a series' : `${event.seriesSeqCount} of its series`,
      ],
      ...fact('Series', event.seriesId === event.subject ? null : event.seriesId),
      ['Source', value(event.source)],
      ['Tenant', value(tenant)],
      ['Subscription', value(subscriptionName)],
    ],
    message,
    data: text,
    footer: [
      'The whole notification is attached as notification.json.',
      `Notification ${uuid}, created ${when(created)}. ` +
        'You receive this mail because the subscription names your address. Replies are not read.',
    ],
  }
}

function headlineOf({ type, subject }: NotifiedEvent, { name, newStatus, oldStatus }: JobData): string {
  const [, category = '', detail = ''] = type.split('.')
  const job = name === undefined ? undefined : `Job ${name}`
  if (job !== undefined && newStatus !== undefined)
    return `${job} is now ${newStatus}${oldStatus === undefined ? '' : ` (before: ${oldStatus})`}`
  const words = Object.hasOwn(JOB_CATEGORIES, category) ? JOB_CATEGORIES[category] : undefined
  if (job !== undefined && words !== undefined) return `${job}: ${words}, ${detail}`
  return `${value(type)}${isBlank(subject) ? '' : ` for ${printableLine(truncate(subject, 100))}`}`
}

function toneOf({ type }: NotifiedEvent, { newStatus }: JobData): MailSummary['tone'] {
  const [, category, detail = ''] = type.split('.')
  const word = newStatus ?? detail
  if (category === 'JOB_ERROR_MESSAGE' || BAD.has(word)) return 'bad'
  return GOOD.has(word) ? 'good' : 'neutral'
}

const value = (text: string) => printableLine(truncate(text, MAX_VALUE_LENGTH))
const fact = (label: string, text: string | null): Fact[] => (isBlank(text) ? [] : [[label, value(text)]])
const isBlank = (text: string | null): text is null => text === null || text.trim() === ''

/** Formats an instant as `2026-11-23 10:00:00 UTC`; returns anything else as the publisher wrote it. */
function when(text: string): string {
  const at = text.length > 40 ? NaN : Date.parse(text)
  if (Number.isNaN(at) || !/^\d{4}-\d\d-\d\dT/.test(text)) return value(text)
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
