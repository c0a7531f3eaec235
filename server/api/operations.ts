import { endEventSeries } from './events/end-event-series.ts'
import { publishEventBatch } from './events/publish-event-batch.ts'
import { postEvent, publishEvent } from './events/publish-event.ts'
import { getSubscriptions } from './lists/get-subscriptions.ts'
import { searchSubscriptionsRequestBody } from './lists/search-by-body.ts'
import { searchSubscriptionsQueryParameters } from './lists/search-by-parameters.ts'
import type { Operation } from './operation.ts'
import { healthCheck } from './status/health-check.ts'
import { readyCheck } from './status/ready-check.ts'
import { postSubscription } from './subscriptions/create-subscription.ts'
import { deleteSubscriptionByName } from './subscriptions/delete-by-name.ts'
import { deleteSubscriptionsBySubject } from './subscriptions/delete-by-subject.ts'
import { deleteSubscriptionByUuid } from './subscriptions/delete-by-uuid.ts'
import { disableSubscription, enableSubscription, isEnabled } from './subscriptions/enablement.ts'
import { getSubscriptionByName } from './subscriptions/get-by-name.ts'
import { getSubscriptionByUuid } from './subscriptions/get-by-uuid.ts'
import { patchSubscriptionByName } from './subscriptions/patch-subscription.ts'
import { updateTtl } from './subscriptions/update-ttl.ts'
import { beginTestSequence } from './test-sequences/begin-sequence.ts'
import { deleteTestSequence } from './test-sequences/delete-sequence.ts'
import { getTestSequence } from './test-sequences/get-sequence.ts'
import { recordTestNotification } from './test-sequences/record-notification.ts'

/** Every operation, in the order of the OpenAPI document: some generated clients keep it. */
export const OPERATIONS: readonly Operation[] = [
  healthCheck,
  readyCheck,

  getSubscriptions,
  searchSubscriptionsQueryParameters,
  searchSubscriptionsRequestBody,

  postSubscription,
  getSubscriptionByName,
  patchSubscriptionByName,
  deleteSubscriptionByName,
  getSubscriptionByUuid,
  deleteSubscriptionByUuid,
  deleteSubscriptionsBySubject,
  isEnabled,
  enableSubscription,
  disableSubscription,
  updateTtl,

  publishEvent,
  postEvent,
  endEventSeries,
  publishEventBatch,

  beginTestSequence,
  getTestSequence,
  deleteTestSequence,
  recordTestNotification,
]
