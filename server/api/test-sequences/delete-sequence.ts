import type { Database } from '../../db/database.ts'
import { AppError } from '../errors.ts'
import { successMessage } from '../http/response/response-message.ts'
import { pathParameter } from '../http/path-parameter.ts'
import { SEQUENCE_NAME } from '../openapi/openapi-parameters.ts'
import type { GuardedOperation } from '../operation.ts'
import { sanitize } from '../../runtime/display-text.ts'
import type { NameKey } from '../../subscriptions/subscription-store.ts'
import { seriesContext, seriesOf } from './sequence.ts'
import { findStopped, lockForDeletion, removeSequence, stop } from './test-sequence-store.ts'

/**
 * Deletes a test sequence with its subscription and what it has received, and ends its series (protocol 7.3). Each step
 * can be repeated: after a failure in between, the same request finishes the work.
 */
export const deleteTestSequence: GuardedOperation = {
  id: 'deleteTestSequence',
  tag: 'Test',
  method: 'DELETE',
  path: '/test/:name',
  who: 'service',
  summary: 'Stop and delete a test sequence',
  description:
    'Deletes it with its subscription, and ends its series. If there is no such sequence, nothing changes; this is ' +
    'not an error. A subscription that does not belong to a test sequence is rejected with 400. For services.',
  parameters: [SEQUENCE_NAME],
  success: { status: 200, model: 'RespChangeCount', description: 'The test sequence does not exist any more.' },
  async handle({ db, publish }, context) {
    const { caller } = context
    const key = { tenant: caller.oboTenant, owner: caller.oboUser, name: pathParameter(context, 'name') }
    const id = (await stopActive(db, key)) ?? (await findStopped(db, key))
    if (id !== undefined) await publish.endSeries(seriesOf(key), seriesContext(key))
    // Of two requests at once, the one that removes the row has deleted the sequence.
    const changes = id === undefined ? 0 : await removeSequence(db, id)
    return {
      message: successMessage('NTFAPI_TEST_DELETE', 'Test sequence deleted', caller, {
        Owner: key.owner,
        Subscription: key.name,
        Changes: changes,
      }),
      result: { changes },
    }
  },
}

/**
 * Returns undefined when there is no such subscription. From the commit on nothing more is published, sent or recorded.
 */
const stopActive = (db: Database, key: NameKey): Promise<number | undefined> =>
  db.transaction(async (tx) => {
    const found = await lockForDeletion(tx, key)
    if (!found) return undefined
    if (!found.isSequence)
      throw new AppError('NTFLIB_TEST_DEL_NOT_SEQ', {
        details: { Owner: sanitize(key.owner), Subscription: sanitize(key.name) },
      })
    await stop(tx, found.id)
    return found.id
  })
