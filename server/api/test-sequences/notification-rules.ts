import { instantText } from '@tidings/contract/event-text.ts'
import type { Notification } from '@tidings/contract/notification.ts'
import { SERVICE_NAME } from '@tidings/contract/service-name.ts'
import { isUuid } from '@tidings/contract/uuid.ts'
import { isObject } from '../json-body.ts'
import type { ErrorCode } from '../../errors.ts'
import type { Fault } from '../refusal.ts'
import { storageFault } from '../../db/storable-text.ts'

type Members = Readonly<Record<string, unknown>>
type FaultOf = (text: string) => string | undefined

/** What no schema says about a notification that comes back to us. Members of a wrong type are passed over: the schema has named them. */
export function notificationFaults({ uuid, event }: Members): Fault[] {
  return [
    ...textFault('/uuid', uuid, { code: 'NTFAPI_TEST_NOTIF_UUID_ERR', faultOf: uuidFault }),
    ...(isObject(event) ? EVENT_RULES.flatMap((rule) => event[rule.name] === undefined ? missing(rule) : textFault(`/event/${rule.name}`, event[rule.name], rule)) : []),
  ]
}

/** The original's code for a text, and what is wrong with it. */
interface Rule {
  readonly code: ErrorCode
  readonly faultOf: FaultOf
}

interface EventRule extends Rule {
  readonly name: string
}

/** Clients made of the original's 1.6.1 document do not know `received`. */
const missing = ({ name, code }: EventRule): Fault[] => (name === 'received' ? [] : [{ code, text: `/event/${name} is missing` }])

function textFault(place: string, value: unknown, { code, faultOf }: Rule): Fault[] {
  const found = typeof value === 'string' ? faultOf(value) : undefined
  return found === undefined ? [] : [{ code, text: `${place} ${found}` }]
}

const uuidFault = (text: string) => (isUuid(text) ? undefined : 'is not a uuid')

const nameFault = (text: string) => (text.trim() === '' ? 'must not be blank' : storageFault(text))

function instantFault(text: string): string | undefined {
  try {
    instantText(text)
    return undefined
  } catch (error) {
    if (error instanceof RangeError) return 'is not an instant'
    throw error
  }
}

/** What publishers may leave out, but a notification has. */
const EVENT_RULES: readonly EventRule[] = [
  { name: 'tenant', code: 'NTFAPI_TEST_USR_ERR', faultOf: nameFault },
  { name: 'user', code: 'NTFAPI_TEST_USR_ERR', faultOf: nameFault },
  { name: 'uuid', code: 'NTFAPI_TEST_EVENT_UUID_ERR', faultOf: uuidFault },
  { name: 'received', code: 'NTFAPI_TEST_NOTIF_ERR', faultOf: instantFault },
]

/** The members that a notification has (contract 5.3), and no others: what is kept is as deep and as large as we make it. */
export const keptNotification = ({ uuid, tenant, subscriptionName, event, deliveryTarget, created }: Notification): Notification => ({
  uuid,
  tenant,
  subscriptionName,
  eventUuid: event.uuid ?? '',
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
    tenant: event.tenant ?? '',
    user: event.user ?? '',
    received: event.received ?? '',
    uuid: event.uuid ?? '',
  },
  deliveryTarget: { deliveryMethod: deliveryTarget.deliveryMethod, deliveryAddress: deliveryTarget.deliveryAddress },
  created,
})
