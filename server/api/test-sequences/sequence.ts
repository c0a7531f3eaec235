import type { EventInput, EventSeries } from '@tidings/contract/event.ts'
import { SERVICE_NAME } from '@tidings/contract/service-name.ts'
import type { PublishContext } from '../../publish/publish-context.ts'

/** A test sequence and its progress. */
export interface Sequence {
  /** Of its subscription. */
  readonly id: number
  readonly tenant: string
  readonly owner: string
  /** Of the subscription; also the subject and the series of the events. */
  readonly name: string
  readonly startCount: number
  readonly endsSeries: boolean
  readonly published: number
}

/** No service name has blanks, so these keys cannot collide with those of a service. */
const SERVICE = 'notifications test sequence'

/** What the subscription of every sequence matches. */
export const SEQUENCE_TYPE_FILTER = 'notifications.test.*'

/** Returns the next event (Tapis Notifications 1.6.2, beginTestSequence). */
export function nextEvent({ name, startCount, endsSeries, published }: Sequence, now: Date): EventInput {
  const number = published + 1
  return {
    source: SERVICE_NAME,
    type: number === 1 ? 'notifications.test.begin' : `notifications.test.number${String(number).padStart(3, '0')}`,
    subject: name,
    data: null,
    seriesId: name,
    timestamp: now.toISOString(),
    endSeries: endsSeries && number === startCount,
  }
}

/**
 * Returns the context of the next event. The key makes the uuid depend on the sequence and number alone: whichever
 * process publishes it, and how often, it is stored once. The content may differ, because each publisher puts its own
 * time in.
 */
export const nextEventContext = ({ tenant, owner, name, published }: Sequence): PublishContext => ({
  tenant,
  user: owner,
  service: SERVICE,
  idempotencyKey: `${name} ${published + 1}`,
  contentMayDiffer: true,
})

export const seriesOf = ({ name }: Pick<Sequence, 'name'>): EventSeries => ({
  source: SERVICE_NAME,
  subject: name,
  seriesId: name,
})

/** Without a key: a series may have to be ended more than once. */
export const seriesContext = ({ tenant, owner }: Pick<Sequence, 'tenant' | 'owner'>): PublishContext => ({
  tenant,
  user: owner,
  service: SERVICE,
})
