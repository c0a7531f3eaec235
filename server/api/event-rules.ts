import type { IncomingMessage } from 'node:http'
import type { Caller } from './auth/caller.ts'
import type { Fault } from './refusal.ts'
import { storageFault } from '../db/storable-text.ts'

/** The names that become the key of a series. */
const KEY_MEMBERS = ['source', 'subject', 'seriesId'] as const

type Members = Readonly<Record<string, unknown>>

/** What no schema says about an event: whose type it is, and texts that cannot be stored. Members of a wrong type are passed over. */
export function eventFaults(members: Members, { jwtUser }: Pick<Caller, 'jwtUser'>): Fault[] {
  const { type } = members
  const service = typeof type === 'string' ? type.split('.', 1)[0] ?? '' : jwtUser
  const mismatch: Fault = { code: 'NTFLIB_EVENT_SVC_NOMATCH', text: `/type begins with ${service}, the service is ${jwtUser}` }
  return service === jwtUser ? seriesFaults(members) : [mismatch, ...seriesFaults(members)]
}

/** Texts of a series' key that cannot be stored. */
export function seriesFaults(members: Members): Fault[] {
  return KEY_MEMBERS.flatMap((name) => {
    const value = members[name]
    const fault = typeof value === 'string' ? storageFault(value) : undefined
    return fault === undefined ? [] : [{ code: 'NTFAPI_EVENT_ATTR_ERR' as const, text: `/${name} ${fault}` }]
  })
}

/** 1 to 255 printable ASCII characters, once. */
export function idempotencyKeyFaults(headers: IncomingMessage['headersDistinct']): Fault[] {
  const keys = headers['idempotency-key']
  if (keys === undefined || (keys.length === 1 && /^[ -~]{1,255}$/.test(keys[0] ?? ''))) return []
  const text = keys.length > 1 ? 'the header Idempotency-Key is given more than once' : 'the header Idempotency-Key is empty, too long, or has other characters'
  return [{ code: 'NTFAPI_IDEMPOTENCY_KEY_ERR', text }]
}
