import { Notification } from '@tidings/contract/notification.ts'
import type { Database } from '../../db/database.ts'
import { AppError } from '../../errors.ts'
import { createBodyCheck } from '../body-check.ts'
import { readBody } from '../json-body.ts'
import { valueOrRefuse } from '../refusal.ts'
import type { Answer, PublicCall } from '../route.ts'
import { shown } from '../shown-text.ts'
import { createKnownNames } from './known-names.ts'
import { keptNotification, notificationFaults } from './notification-rules.ts'
import { recordCallback } from './progress-store.ts'

export interface Callback {
  /** Rejects with NTFAPI_TEST_RECORD_NO_TEST when there is no sequence of this name: then nothing of the call is read. */
  admit(call: Pick<PublicCall, 'params'>): Promise<void>
  record(call: PublicCall): Promise<Answer>
}

/**
 * Records a notification of a test sequence (contract 7.4). Anybody may call who knows tenant, owner and name of one, so
 * `db` is a pool of its own: these callers take no connection from the others. Every call counts, the repeated one too.
 */
export function createCallback({ db }: { readonly db: Database }): Callback {
  const check = createBodyCheck(Notification)
  const names = createKnownNames(db)

  return {
    async admit({ params: { name = '' } }) {
      if (!(await names.mayBe(name))) throw new AppError('NTFAPI_TEST_RECORD_NO_TEST', { details: { Subscription: shown(name) } })
    },
    async record({ params, body }) {
      const { checked, members } = readBody(body, check)
      const kept = keptNotification(valueOrRefuse(checked, notificationFaults(members)))
      const key = { tenant: kept.event.tenant ?? '', owner: kept.event.user ?? '', name: params.name ?? '' }
      const details = { Tenant: shown(key.tenant), Owner: shown(key.owner), Subscription: shown(key.name) }
      if (!(await recordCallback(db, key, JSON.stringify(kept)))) throw new AppError('NTFAPI_TEST_RECORD_NO_TEST', { details })
      const pairs = Object.entries(details).map(([name, value]) => ` ${name}: ${value}`)
      return { message: `NTFAPI_TEST_RECORD Notification recorded.${pairs.join('')}`, result: null }
    },
  }
}
