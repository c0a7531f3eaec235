import { messageText } from '@tidings/contract/message-text.ts'
import type { Database } from '../../db/database.ts'
import { AppError } from '../errors.ts'
import { sanitize } from '../../runtime/display-text.ts'
import type { StoredNotification } from './notification-rules.ts'
import { createSequenceNameCache } from './sequence-name-cache.ts'
import { recordCallback } from './sequence-progress-store.ts'

/** Where notifications of test sequences come back. */
export interface SequenceCallback {
  /** Rejects with NTFAPI_TEST_RECORD_NO_TEST when there is no sequence of this name. */
  admit(name: string): Promise<void>
  /** Returns the message of the response. Rejects with NTFAPI_TEST_RECORD_NO_TEST when there is no such sequence. */
  record(name: string, notification: StoredNotification): Promise<string>
}

/** `db` is a pool of its own: callers without a token take no connection from the others. */
export function createSequenceCallback({ db }: { readonly db: Database }): SequenceCallback {
  const names = createSequenceNameCache(db)

  return {
    async admit(name) {
      if (!(await names.mayExist(name)))
        throw new AppError('NTFAPI_TEST_RECORD_NO_TEST', { details: { Subscription: sanitize(name) } })
    },
    async record(name, notification) {
      const { tenant, user: owner } = notification.event
      const details = { Tenant: sanitize(tenant), Owner: sanitize(owner), Subscription: sanitize(name) }
      if (!(await recordCallback(db, { tenant, owner, name }, JSON.stringify(notification))))
        throw new AppError('NTFAPI_TEST_RECORD_NO_TEST', { details })
      return messageText({
        code: 'NTFAPI_TEST_RECORD',
        sentence: 'Notification recorded',
        pairs: Object.entries(details),
      })
    },
  }
}
