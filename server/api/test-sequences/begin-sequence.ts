import { randomUUID } from 'node:crypto'
import type { Subscription } from '@tidings/contract/subscription.ts'
import type { Database } from '../../db/database.ts'
import { addressViolation } from '../../subscriptions/delivery-address-rules.ts'
import { successMessage } from '../http/response/response-message.ts'
import { rejectIfAny, type Violation } from '../violations.ts'
import { BASE_PATH } from '@tidings/contract/base-path.ts'
import type { GuardedOperation } from '../operation.ts'
import { insertWithTargets } from '../../subscriptions/insert-subscription.ts'
import { findByName, type NameKey } from '../../subscriptions/subscription-store.ts'
import { BEGIN_PARAMETERS, parseBeginOptions, type BeginOptions } from './begin-options.ts'
import { lockBegins, rejectIfTooMany } from './sequence-limits.ts'
import { SEQUENCE_TYPE_FILTER, type Sequence } from './sequence.ts'
import { insertSequence, removeSequence, stop } from './test-sequence-store.ts'

/**
 * Begins a test sequence for a service: a subscription to its own callback, and the first event (protocol 7.1). The
 * body is ignored. Rejects with NTFAPI_TEST_TOO_MANY when too many run.
 */
export const beginTestSequence: GuardedOperation = {
  id: 'beginTestSequence',
  tag: 'Test',
  method: 'POST',
  path: '/test/begin',
  who: 'service',
  summary: 'Begin a test sequence',
  description:
    'Creates a subscription that delivers to the callback of this service, and publishes the first event for it. The ' +
    'others follow automatically; `getTestSequence` returns what has come back. At most 20 may run for one user, and ' +
    '100 in a tenant. For services.',
  parameters: BEGIN_PARAMETERS,
  body: { model: 'object', isOptional: true, description: 'Ignored.' },
  success: {
    status: 201,
    model: 'RespSubscription',
    description: 'The subscription; its name is the name of the sequence.',
  },
  rejections: { 429: { code: 'NTFAPI_TEST_TOO_MANY', description: 'Too many test sequences are running.' } },
  async handle({ db, sequences, publicUrl, log }, { caller, query, origin }) {
    const key = { tenant: caller.oboTenant, owner: caller.oboUser, name: randomUUID() }
    const address = `${publicUrl ?? origin}${BASE_PATH}/test/callback/${key.name}/`
    const { options, violations } = parseBeginOptions(query)
    rejectIfAny([...violations, ...addressViolations(address)], 'NTFAPI_TEST_ERR1')
    await rejectIfTooMany(db, key)
    const { sequence, subscription } = await insertSequenceWithSubscription(db, key, options, address)
    try {
      await sequences.publishNext(sequence)
    } catch (error) {
      await undo(db, sequence).catch((cause: unknown) =>
        log.warn({ err: cause, sequence: key.name }, 'a test sequence that could not begin will be removed later'),
      )
      throw error
    }
    return {
      httpStatus: 201,
      message: successMessage('NTFAPI_TEST_BEGIN', 'Test sequence begun', caller, {
        Owner: key.owner,
        Subscription: key.name,
      }),
      result: subscription,
    }
  },
}

/** The caller chooses the host of the address, by the name under which it reached the service. */
function addressViolations(address: string): Violation[] {
  const violation = addressViolation('WEBHOOK', address)
  return violation === undefined
    ? []
    : [{ code: 'NTFAPI_TEST_ERR1', text: `the callback address ${violation}: ${address}` }]
}

const insertSequenceWithSubscription = (
  db: Database,
  key: NameKey,
  { ttlMinutes, ...options }: BeginOptions,
  address: string,
): Promise<{ sequence: Sequence; subscription: Subscription }> =>
  db.transaction(async (tx) => {
    await lockBegins(tx, key)
    await rejectIfTooMany(tx, key)
    const id = await insertWithTargets(
      tx,
      {
        ...key,
        description: null,
        isEnabled: true,
        typeFilter: SEQUENCE_TYPE_FILTER,
        subjectFilter: key.name,
        ttlMinutes,
        targets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: address }],
      },
      key.name,
    )
    if (id === undefined) throw new Error('the name of a test sequence is taken')
    const sequence = { ...key, ...options, id, published: 0 }
    await insertSequence(tx, sequence)
    const subscription = await findByName(tx, key)
    if (!subscription) throw new Error('the subscription of a test sequence is not there')
    return { sequence, subscription }
  })

/** Nobody knows of the sequence yet. Where this fails too, `endAbandoned` removes it later. */
const undo = (db: Database, { id }: Sequence) =>
  db.transaction(async (tx) => {
    await stop(tx, id)
    await removeSequence(tx, id)
  })
