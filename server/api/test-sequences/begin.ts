import { randomUUID } from 'node:crypto'
import type { Subscription } from '@tidings/contract/subscription.ts'
import type { Database } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import { addressFault } from '../subscriptions/delivery-address.ts'
import { message } from '../message.ts'
import { refuseIfAny, type Fault } from '../refusal.ts'
import { BASE_PATH, type Answer, type Call } from '../route.ts'
import { insertWhole } from '../subscriptions/insert.ts'
import { findByName, type NameKey } from '../subscriptions/store.ts'
import { readBeginOptions, type BeginOptions } from './begin-options.ts'
import type { SequencePublisher } from './publisher.ts'
import { lockBegins, refuseIfTooMany } from './running.ts'
import { SEQUENCE_TYPE_FILTER, type Sequence } from './sequence.ts'
import { insertSequence, removeSequence, stop } from './store.ts'

export interface BeginParts {
  readonly db: Database
  readonly publisher: Pick<SequencePublisher, 'publishNext'>
  /** Base of the callback's address; undefined: the one under which the caller reached us. */
  readonly publicUrl: string | undefined
  readonly log: Log
}

/**
 * Begins a test sequence for a service: a subscription to its own callback, and the first event (contract 7.1). Whatever
 * the body is, it means nothing. Rejects with NTFAPI_TEST_TOO_MANY when too many run.
 */
export function createBegin({ db, publisher, publicUrl, log }: BeginParts): (call: Call) => Promise<Answer> {
  return async ({ caller, query, origin }) => {
    const key = { tenant: caller.oboTenant, owner: caller.oboUser, name: randomUUID() }
    const address = `${publicUrl ?? origin}${BASE_PATH}/test/callback/${key.name}/`
    const { options, faults } = readBeginOptions(query)
    refuseIfAny([...faults, ...addressFaults(address)], 'NTFAPI_TEST_ERR1')
    await refuseIfTooMany(db, key)
    const { sequence, subscription } = await store(db, key, options, address)
    try {
      await publisher.publishNext(sequence)
    } catch (error) {
      await undo(db, sequence).catch((cause: unknown) => log.warn({ err: cause, sequence: key.name }, 'a test sequence that could not begin is left for later'))
      throw error
    }
    return {
      httpStatus: 201,
      message: message('NTFAPI_TEST_BEGIN', 'Test sequence begun', caller, { Owner: key.owner, Subscription: key.name }),
      result: subscription,
    }
  }
}

/** The caller chooses the host of the address, by the name under which he reached us. */
function addressFaults(address: string): Fault[] {
  const fault = addressFault('WEBHOOK', address)
  return fault === undefined ? [] : [{ code: 'NTFAPI_TEST_ERR1', text: `the address of the callback ${fault}: ${address}` }]
}

const store = (db: Database, key: NameKey, { ttlMinutes, ...options }: BeginOptions, address: string): Promise<{ sequence: Sequence; subscription: Subscription }> =>
  db.transaction(async (tx) => {
    await lockBegins(tx, key)
    await refuseIfTooMany(tx, key)
    const id = await insertWhole(tx, {
      ...key,
      description: null,
      isEnabled: true,
      typeFilter: SEQUENCE_TYPE_FILTER,
      subjectFilter: key.name,
      ttlMinutes,
      targets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: address }],
    }, key.name)
    if (id === undefined) throw new Error('the name of a test sequence is taken')
    const sequence = { ...key, ...options, id, published: 0 }
    await insertSequence(tx, sequence)
    const subscription = await findByName(tx, key)
    if (!subscription) throw new Error('the subscription of a test sequence is not there')
    return { sequence, subscription }
  })

/** Nobody was told of it. Where this fails too, `endAbandoned` does it later. */
const undo = (db: Database, { id }: Sequence) => db.transaction(async (tx) => {
  await stop(tx, id)
  await removeSequence(tx, id)
})
