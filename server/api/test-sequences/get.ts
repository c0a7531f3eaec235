import type { Notification } from '@tidings/contract/notification.ts'
import type { TestSequence } from '@tidings/contract/test-sequence.ts'
import { instantText } from '@tidings/contract/event-text.ts'
import type { Database } from '../../db/database.ts'
import { AppError } from '../../errors.ts'
import type { Answer, Call } from '../route.ts'
import { shown } from '../shown-text.ts'
import { findByName } from '../subscriptions/store.ts'
import { readProgress } from './progress-store.ts'

/** Shows what a test sequence has received, of the caller's own ones only (contract 7.2). */
export function createGet({ db }: { readonly db: Database }): (call: Call) => Promise<Answer> {
  return async ({ caller, params }) => {
    const key = { tenant: caller.oboTenant, owner: caller.oboUser, name: params.name ?? '' }
    const [progress, subscription] = await Promise.all([readProgress(db, key), findByName(db, key)])
    if (!progress || !subscription) throw new AppError('NTFAPI_NOT_FOUND', { details: { Owner: shown(key.owner), Subscription: shown(key.name) } })
    const receivedNotifications = JSON.parse(`[${progress.bodies}]`) as Notification[] // made of checked ones by callback.ts
    const result: TestSequence = {
      tenant: key.tenant,
      owner: key.owner,
      subscriptionName: key.name,
      startCount: progress.startCount,
      notificationCount: progress.notificationCount,
      receivedNotifications,
      created: instantText(progress.created),
      updated: instantText(progress.updated),
      subscription: { ...subscription, deliveryTargets: [...subscription.deliveryTargets] },
      receivedEvents: receivedNotifications.map(({ event }) => event),
    }
    return { message: `TAPIS_FOUND TestSequence found: ${key.name}`, result }
  }
}
