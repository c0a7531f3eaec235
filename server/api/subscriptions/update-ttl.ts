import { AppError } from '../errors.ts'
import { sanitize } from '../../runtime/display-text.ts'
import { findByName } from '../../subscriptions/subscription-store.ts'
import { setTtl } from '../../subscriptions/ttl.ts'
import { parseInt32 } from '../http/int32.ts'
import { pathParameter } from '../http/path-parameter.ts'
import { inPath, NAME, OWNED_BY } from '../openapi/openapi-parameters.ts'
import type { GuardedOperation } from '../operation.ts'
import { ABSENT, notFound, OWN, updatedResponse } from './subscription-responses.ts'

const TTL_MINUTES = inPath(
  'ttlMinutes',
  { type: 'integer' },
  'Minutes until the subscription expires; 0 or less: it never expires.',
)

/** Protocol 3.7. A name that does not exist is rejected before a malformed number. */
export const updateTtl: GuardedOperation = {
  id: 'updateTTL',
  tag: 'Subscriptions',
  method: 'POST',
  path: '/subscriptions/:name/updateTTL/:ttlMinutes',
  who: 'caller',
  summary: 'Change when a subscription expires',
  description: OWN,
  parameters: [NAME, TTL_MINUTES, OWNED_BY],
  success: { status: 200, model: 'RespChangeCount', description: 'The expiry is changed.' },
  rejections: { 404: ABSENT },
  async handle({ db, access }, context) {
    const key = await access.keyFor(context)
    const text = pathParameter(context, 'ttlMinutes')
    const ttlMinutes = parseInt32(text)
    const isThere =
      ttlMinutes === undefined ? (await findByName(db, key)) !== undefined : await setTtl(db, key, ttlMinutes)
    if (!isThere) throw notFound(key)
    if (ttlMinutes === undefined)
      throw new AppError('NTFLIB_SUBSCR_TTL_NOTINT', { details: { ttlMinutes: sanitize(text) } })
    return updatedResponse('Time to live updated', context, key)
  },
}
