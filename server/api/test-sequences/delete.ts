import type { Database } from '../../db/database.ts'
import { AppError } from '../../errors.ts'
import type { Publish } from '../../publish/publish.ts'
import { message } from '../message.ts'
import type { Answer, Call } from '../route.ts'
import { shown } from '../shown-text.ts'
import type { NameKey } from '../subscriptions/store.ts'
import { seriesContext, seriesOf } from './sequence.ts'
import { findStopped, lockLiving, removeSequence, stop } from './store.ts'

export interface DeleteParts {
  readonly db: Database
  readonly publish: Pick<Publish, 'endSeries'>
}

/**
 * Deletes a test sequence with its subscription and what it has received, and ends its series (contract 7.3). Each step
 * can be done again: after a failure in between the same request finishes the work.
 */
export function createDelete({ db, publish }: DeleteParts): (call: Call) => Promise<Answer> {
  return async ({ caller, params }) => {
    const key = { tenant: caller.oboTenant, owner: caller.oboUser, name: params.name ?? '' }
    const id = (await stopLiving(db, key)) ?? (await findStopped(db, key))
    if (id !== undefined) await publish.endSeries(seriesOf(key), seriesContext(key))
    // Of two requests at once, the one that removes the row has deleted it.
    const changes = id === undefined ? 0 : await removeSequence(db, id)
    return {
      message: message('NTFAPI_TEST_DELETE', 'Test sequence deleted', caller, { Owner: key.owner, Subscription: key.name, Changes: changes }),
      result: { changes },
    }
  }
}

/** Answers undefined when there is no such subscription. From the commit on nothing more is published, sent or recorded. */
const stopLiving = (db: Database, key: NameKey): Promise<number | undefined> => db.transaction(async (tx) => {
  const found = await lockLiving(tx, key)
  if (!found) return undefined
  if (!found.isSequence) throw new AppError('NTFLIB_TEST_DEL_NOT_SEQ', { details: { Owner: shown(key.owner), Subscription: shown(key.name) } })
  await stop(tx, found.id)
  return found.id
})
