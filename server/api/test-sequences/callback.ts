import { Notification } from '@tidings/contract/notification.ts'
import { createCheck } from '@tidings/contract/validate.ts'
import type { Database } from '../../db/database.ts'
import { AppError } from '../../errors.ts'
import { readBody } from '../json-body.ts'
import { valueOrRefuse } from '../refusal.ts'
import type { Answer, PublicCall } from '../route.ts'
import { shown } from '../shown-text.ts'
import { keptNotification, notificationFaults } from './notification-rules.ts'
import { recordCallback } from './progress-store.ts'

/**
 * Records a notification of a test sequence (contract 7.4). Anybody may call who knows tenant, owner and name of one, so
 * `db` is a pool of its own: these callers take no connection from the others. Every call counts, the repeated one too.
 */
export function createCallback({ db }: { readonly db: Database }): (call: PublicCall) => Promise<Answer> {
  const check = createCheck(Notification)

  return async ({ params, body }) => {
    const { checked, members } = readBody(body, check)
    const kept = keptNotification(valueOrRefuse(checked, notificationFaults(members)))
    const key = { tenant: kept.event.tenant ?? '', owner: kept.event.user ?? '', name: params.name ?? '' }
    const details = { Tenant: shown(key.tenant), Owner: shown(key.owner), Subscription: shown(key.name) }
    if (!(await recordCallback(db, key, JSON.stringify(kept)))) throw new AppError('NTFAPI_TEST_RECORD_NO_TEST', { details })
    const pairs = Object.entries(details).map(([name, value]) => ` ${name}: ${value}`)
    return { message: `NTFAPI_TEST_RECORD Notification recorded.${pairs.join('')}`, result: null }
  }
}
