import { instantText } from '@tidings/contract/event-text.ts'
import type { Notification } from '@tidings/contract/notification.ts'
import { SERVICE_NAME } from '@tidings/contract/service-name.ts'
import { isUuid } from '@tidings/contract/uuid.ts'
import { isObject } from '@tidings/contract/is-object.ts'
import type { ErrorCode } from '../errors.ts'
import type { Violation } from '../violations.ts'
import { unstorableReason } from '../../db/storable-text.ts'
import { required } from '../../runtime/required.ts'

type Members = Readonly<Record<string, unknown>>
type FindViolation = (text: string) => string | undefined

/**
 * Names violations that no schema expresses, in a notification that comes back. Members of a wrong type are skipped:
 * the schema has named them.
 */
export function notificationViolations({ uuid, event }: Members): Violation[] {
  return [
    ...textViolations('/uuid', uuid, { code: 'NTFAPI_TEST_NOTIF_UUID_ERR', findViolation: uuidViolation }),
    ...(isObject(event)
      ? EVENT_RULES.flatMap((rule) =>
          event[rule.name] === undefined
            ? missingViolation(rule)
            : textViolations(`/event/${rule.name}`, event[rule.name], rule),
        )
      : []),
  ]
}

/** The original's code for a member, and its check. */
interface Rule {
  readonly code: ErrorCode
  readonly findViolation: FindViolation
}

interface EventRule extends Rule {
  readonly name: string
}

/** Clients made of the original's 1.6.1 document do not know `received`. */
const missingViolation = ({ name, code }: EventRule): Violation[] =>
  name === 'received' ? [] : [{ code, text: `/event/${name} is missing` }]

function textViolations(place: string, value: unknown, { code, findViolation }: Rule): Violation[] {
  const found = typeof value === 'string' ? findViolation(value) : undefined
  return found === undefined ? [] : [{ code, text: `${place} ${found}` }]
}

const uuidViolation = (text: string) => (isUuid(text) ? undefined : 'is not a uuid')

const nameViolation = (text: string) => (text.trim() === '' ? 'must not be blank' : unstorableReason(text))

function instantViolation(text: string): string | undefined {
  try {
    instantText(text)
    return undefined
  } catch (error) {
    if (error instanceof RangeError) return 'is not an instant'
    throw error
  }
}

/** Members that are optional for publishers, but mandatory in a notification. */
const EVENT_RULES: readonly EventRule[] = [
  { name: 'tenant', code: 'NTFAPI_TEST_USR_ERR', findViolation: nameViolation },
  { name: 'user', code: 'NTFAPI_TEST_USR_ERR', findViolation: nameViolation },
  { name: 'uuid', code: 'NTFAPI_TEST_EVENT_UUID_ERR', findViolation: uuidViolation },
  { name: 'received', code: 'NTFAPI_TEST_NOTIF_ERR', findViolation: instantViolation },
]

/** A notification whose event is complete, as `notificationViolations` demands. */
export type StoredNotification = Notification & {
  readonly event: { readonly tenant: string; readonly user: string; readonly uuid: string }
}

/**
 * Returns the members that a notification has (protocol 5.3), and no others: what is stored is only as deep and as
 * large as this. Throws when `notificationViolations` would have found something.
 */
export function storedNotification(notification: Notification): StoredNotification {
  const { uuid, tenant, subscriptionName, event, deliveryTarget, created } = notification
  const eventUuid = required(event.uuid, 'the uuid of an event that passed its rules')
  return {
    uuid,
    tenant,
    subscriptionName,
    eventUuid,
    event: {
      source: SERVICE_NAME, // whatever was sent: the original's rule
      type: event.type,
      subject: event.subject ?? null,
      data: event.data ?? null,
      seriesId: event.seriesId ?? null,
      seriesSeqCount: event.seriesSeqCount ?? -1,
      timestamp: event.timestamp,
      deleteSubscriptionsMatchingSubject: event.deleteSubscriptionsMatchingSubject ?? false,
      endSeries: event.endSeries ?? false,
      tenant: required(event.tenant, 'the tenant of an event that passed its rules'),
      user: required(event.user, 'the user of an event that passed its rules'),
      received: event.received ?? '', // clients made of the original's 1.6.1 document do not know it
      uuid: eventUuid,
    },
    deliveryTarget: { deliveryMethod: deliveryTarget.deliveryMethod, deliveryAddress: deliveryTarget.deliveryAddress },
    created,
  }
}
