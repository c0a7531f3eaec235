import type { EventInput, EventSeries } from '@tidings/contract/event.ts'
import { hashKey } from '../db/hash-key.ts'
import type { PublishContext } from './publish.ts'

/**
 * Whether two events are the same to everybody who gets them, but for what the service adds: equal members have equal hashes, in
 * whatever order and with or without what is the default. Members that are ignored do not count. It is compared with
 * those of former releases: a member that is new may only change the hash when it is not at its default.
 */
export const eventContentHash = (event: EventInput, { tenant, user }: PublishContext): string => hashOf([
  tenant, user, event.source, event.type, event.subject ?? null, event.data ?? null, event.seriesId ?? null, event.timestamp,
  event.deleteSubscriptionsMatchingSubject ?? false, event.endSeries ?? false,
])

/** The same for the end of a series, of which no user gets to know. */
export const endContentHash = ({ source, subject, seriesId }: EventSeries, { tenant }: PublishContext): string => hashOf([tenant, source, subject, seriesId])

/** As JSON, which keeps null apart from a text, and halves of surrogate pairs from each other. */
const hashOf = (members: readonly (string | boolean | null)[]) => hashKey(JSON.stringify(members))
