import type { Notification } from '@tidings/contract/notification.ts'
import type { TestSequence } from '@tidings/contract/test-sequence.ts'
import { instantText } from '@tidings/contract/event-text.ts'
import { pathParameter } from '../http/path-parameter.ts'
import { SEQUENCE_NAME } from '../openapi/openapi-parameters.ts'
import type { GuardedOperation } from '../operation.ts'
import { notFound } from '../subscriptions/subscription-responses.ts'
import { findByName } from '../../subscriptions/subscription-store.ts'
import { readProgress } from './sequence-progress-store.ts'

/** Returns what a test sequence of the caller's own has received (protocol 7.2). */
export const getTestSequence: GuardedOperation = {
  id: 'getTestSequence',
  tag: 'Test',
  method: 'GET',
  path: '/test/:name',
  who: 'caller',
  summary: 'Read the progress of a test sequence',
  description: 'For sequences of the user that the request is made for.',
  parameters: [SEQUENCE_NAME],
  success: { status: 200, model: 'RespTestSequence', description: 'The test sequence.' },
  rejections: { 404: { code: 'NTFAPI_NOT_FOUND', description: 'There is no such test sequence.' } },
  async handle({ db }, context) {
    const { caller } = context
    const key = { tenant: caller.oboTenant, owner: caller.oboUser, name: pathParameter(context, 'name') }
    const [progress, subscription] = await Promise.all([readProgress(db, key), findByName(db, key)])
    if (!progress || !subscription) throw notFound(key)
    // The cast is safe: record-notification.ts stores only what has passed the schema.
    const receivedNotifications = JSON.parse(`[${progress.bodies}]`) as Notification[]
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
  },
}
