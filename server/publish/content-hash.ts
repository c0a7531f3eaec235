import type { EventInput, EventSeries } from '@tidings/contract/event.ts'
import { hashKey } from '../db/hash-key.ts'
import type { PublishContext } from './publish-context.ts'

/**
 * Returns equal hashes for events that are the same to their receivers, apart from what the service adds: neither the
 * order of members nor a default that is written out makes a difference, and ignored members do not count. Hashes are
 * compared with those of former releases, so a new member may change the hash only when it is not at its default.
 */
export const eventContentHash = (event: EventInput, { tenant, user }: PublishContext): string =>
  hashOf([
    tenant,
    user,
    event.source,
    event.type,
    event.subject ?? null,
    event.data ?? null,
    event.seriesId ?? null,
    event.timestamp,
    event.deleteSubscriptionsMatchingSubject ?? false,
    event.endSeries ?? false,
  ])

/** Returns the same for the end of a series, which has no user. */
export const endContentHash = ({ source, subject, seriesId }: EventSeries, { tenant }: PublishContext): string =>
  hashOf([tenant, source, subject, seriesId])

/** Hashes JSON, which distinguishes null from a text, and one half of a surrogate pair from another. */
const hashOf = (members: readonly (string | boolean | null)[]) => hashKey(JSON.stringify(members))
