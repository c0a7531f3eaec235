import { instantText } from '@tidings/contract/event-text.ts'
import type { Notification } from '@tidings/contract/notification.ts'
import { isObject } from '../json-body.ts'
import type { Fault } from '../refusal.ts'
import { storageFault } from '../storable-text.ts'

type Members = Readonly<Record<string, unknown>>
type FaultOf = (text: string) => string | undefined

/** What no schema says about a notification that comes back to us. Members of a wrong type are passed over: the schema has named them. */
export function notificationFaults({ uuid, event }: Members): Fault[] {
  return [
    ...textFault('/uuid', uuid, uuidFault),
    ...(isObject(event) ? EVENT_RULES.flatMap(([name, faultOf]) => event[name] === undefined ? missing(name) : textFault(`/event/${name}`, event[name], faultOf)) : []),
  ]
}

/** Clients made of the original's 1.6.1 document do not know `received`. */
const missing = (name: string): Fault[] => (name === 'received' ? [] : [fault(`/event/${name} is missing`)])

function textFault(place: string, value: unknown, faultOf: FaultOf): Fault[] {
  const found = typeof value === 'string' ? faultOf(value) : undefined
  return found === undefined ? [] : [fault(`${place} ${found}`)]
}

const fault = (text: string): Fault => ({ code: 'NTFAPI_TEST_NOTIF_ERR', text })

const uuidFault = (text: string) => (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? undefined : 'is not a uuid')

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
const EVENT_RULES: readonly (readonly [name: string, faultOf: FaultOf])[] = [['uuid', uuidFault], ['received', instantFault], ['tenant', nameFault], ['user', nameFault]]

/** The members that a notification has (contract 5.3), and no others: what is kept is as deep and as large as we make it. */
export const keptNotification = ({ uuid, tenant, subscriptionName, event, deliveryTarget, created }: Notification): Notification => ({
  uuid,
  tenant,
  subscriptionName,
  eventUuid: event.uuid ?? '',
  event: {
    source: 'notifications', // whatever was sent: the original's rule
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
