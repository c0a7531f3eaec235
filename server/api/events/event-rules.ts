import type { IncomingMessage } from 'node:http'
import type { Caller } from '../auth/caller.ts'
import type { Violation } from '../violations.ts'
import { unstorableReason } from '../../db/storable-text.ts'

/** The members that become the key of a series. */
const KEY_MEMBERS = ['source', 'subject', 'seriesId'] as const

type Members = Readonly<Record<string, unknown>>

/**
 * Names violations that no schema expresses: a type that does not begin with the name of the service that publishes
 * (`jwtUser`, protocol 1.5), and texts that cannot be stored. Members of a wrong type are left to the schema. `place`
 * leads to the event within the body.
 */
export function eventViolations(members: Members, { jwtUser }: Pick<Caller, 'jwtUser'>, place = ''): Violation[] {
  const { type } = members
  const service = typeof type === 'string' ? (type.split('.', 1)[0] ?? '') : jwtUser
  const mismatch: Violation = {
    code: 'NTFLIB_EVENT_SVC_NOMATCH',
    text: `${place}/type begins with ${service}, but the service is ${jwtUser}`,
  }
  return [...(service === jwtUser ? [] : [mismatch]), ...seriesViolations(members, place)]
}

/** Names the members of a series' key that cannot be stored. In `data` any text is allowed (protocol 3). */
export function seriesViolations(members: Members, place = ''): Violation[] {
  return KEY_MEMBERS.flatMap((name) => {
    const value = members[name]
    const violation = typeof value === 'string' ? unstorableReason(value) : undefined
    return violation === undefined
      ? []
      : [{ code: 'NTFAPI_EVENT_ATTR_ERR' as const, text: `${place}/${name} ${violation}` }]
  })
}

/** Names what is wrong with the header: it must be 1 to 255 printable ASCII characters, and be given once. */
export function idempotencyKeyViolations(headers: IncomingMessage['headersDistinct']): Violation[] {
  const keys = headers['idempotency-key']
  if (keys === undefined || (keys.length === 1 && /^[ -~]{1,255}$/.test(keys[0] ?? ''))) return []
  const text =
    keys.length > 1
      ? 'the header Idempotency-Key is given more than once'
      : 'the header Idempotency-Key is empty, is too long, or has other characters'
  return [{ code: 'NTFAPI_IDEMPOTENCY_KEY_ERR', text }]
}
