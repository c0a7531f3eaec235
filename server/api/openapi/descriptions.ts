import type { ModelName } from './model-schemas.ts'

/** Describes each model. */
export const MODEL_DESCRIPTIONS: Readonly<Record<ModelName, string>> = {
  TapisSubscription: 'A subscription. A response has the members that `select` names, and always the name.',
  DeliveryTarget: 'Where notifications go.',
  DeliveryMethod: 'How notifications go there.',
  Event:
    'Something that happened. A publisher sends it; receivers get it inside a notification, completed by the ' +
    'service. In a request, members that the service maintains are ignored, and so are unknown ones.',
  EventSeries: 'Identifies a series.',
  EventBatch: 'Events that are published together.',
  EventBatchItem: 'One event of a batch.',
  Notification: 'What a delivery target receives for one event and one subscription.',
  TestSequence: 'The progress of a test sequence.',
  ReqPostSubscription: 'A subscription to create.',
  ReqPatchSubscription: 'The changes. Members that are left out stay as they are.',
  ReqSearchSubscriptions: 'An SQL-like condition.',
  RespBasic: 'A response whose result depends on the operation; null in a rejection.',
  RespBoolean: 'The response to a yes-or-no question.',
  ResultBoolean: 'Yes or no.',
  RespChangeCount: 'The response of operations that change or delete something.',
  ResultChangeCount: 'The number of changes.',
  RespEventBatch: 'The response to a batch of events.',
  ResultEventBatch: 'What became of each event.',
  ResultEventBatchItem: 'What became of one event.',
  RespResourceUrl: 'The response of operations that create or change one subscription.',
  ResultResourceUrl: 'The address of the subscription.',
  RespSubscription: 'One subscription.',
  RespSubscriptions: 'A list of subscriptions.',
  RespSubscriptionsMetadata: 'Facts about a list.',
  RespTestSequence: 'One test sequence.',
}

/** Describes each member; `Model.member` where it means something else, or more, in this model. */
export const MEMBER_DESCRIPTIONS: Readonly<Record<string, string>> = {
  // Subscriptions.
  tenant: 'The tenant that the subscription belongs to.',
  name: 'Unique among the active subscriptions of its owner in the tenant.',
  'ReqPostSubscription.name':
    'Unique among the active subscriptions of the owner in the tenant. Generated when it is left out.',
  description: 'For people.',
  owner: 'The user that the subscription belongs to.',
  'ReqPostSubscription.owner':
    'The user that the subscription will belong to. Unset, or `${apiUserId}`: the user that the request is made for.',
  enabled: 'While false, no event matches.',
  typeFilter:
    'Which event types match: `service.category.detail`, where `*` as category or detail matches all of them.',
  subjectFilter: 'Which subject matches, exactly; `*` matches every subject, and events without one.',
  deliveryTargets: 'Where notifications go: each is sent to all of these targets. No two targets are alike.',
  ttlMinutes: 'Minutes from its creation, or from the last `updateTTL`, until it expires; 0 or less: it never expires.',
  'TapisSubscription.uuid': 'Never reused, unlike the name.',
  expiry: 'When it expires, in UTC. Null: never.',
  created: 'When it was created, in UTC.',
  updated: 'When it was last changed, in UTC.',
  deliveryAddress: 'An `http` or `https` address for WEBHOOK, a mail address for EMAIL.',
  domain: 'Accepted and ignored.',

  // Events and notifications.
  source: 'Where the event comes from; often an address of the publishing service.',
  type: '`service.category.detail`, where `service` is the service that publishes the event.',
  timestamp: 'When it happened. Passed on unchanged.',
  subject: 'What it happened to: a job, a system, a file. An event without a subject does not belong to a series.',
  data: 'Any text; often JSON in a string.',
  seriesId: 'Events with the same tenant, source, subject and series are numbered, and delivered one after the other.',
  deleteSubscriptionsMatchingSubject:
    'Ends the series, and removes the subscriptions to exactly this subject as soon as all notifications of this ' +
    'event are settled.',
  endSeries: 'Whether this is the last event of its series; the next one gets number 1 again.',
  'Event.tenant': 'Set by the service: the tenant that the event belongs to.',
  'Event.user': 'Set by the service: the user that the publisher acted for.',
  'Event.received': 'Set by the service: when the event was accepted, in UTC.',
  'Event.uuid': 'Set by the service: identifies the event.',
  'Event.seriesSeqCount': 'Set by the service: the number in its series, from 1 without gaps; -1 outside a series.',
  'EventSeries.source': 'The source of its events.',
  'EventSeries.subject': 'The subject of its events.',
  'EventSeries.seriesId': 'Tells series of one source and subject apart.',
  'EventBatch.events': 'In the order in which they are numbered in their series.',
  'EventBatchItem.event': 'What `publishEvent` takes as its body.',
  idempotencyKey:
    'Makes it safe to send the event again: for one service, tenant and key a single event is stored, and every ' +
    'result has its uuid.',
  'Notification.uuid': 'The same in all attempts to deliver it.',
  'Notification.tenant': 'The tenant of the event and the subscription.',
  eventUuid: 'The `uuid` of the event.',
  'Notification.created': 'When the event was matched with the subscription, in UTC.',

  // Test sequences.
  'TestSequence.owner': 'The user who began it.',
  subscriptionName: 'The name of its subscription, which is also the name of the sequence.',
  startCount: 'How many events were requested.',
  notificationCount: 'How many notifications have come back.',
  receivedNotifications: 'The notifications that have come back, in order, as far as they are kept.',
  receivedEvents: 'The events of these notifications.',
  'TestSequence.updated': 'When a notification last came back, in UTC.',

  // Search and answers.
  search: 'Parts of one condition, joined by spaces.',
  result: 'What was requested.',
  'RespBasic.result': 'Null, unless the operation says otherwise.',
  status: '`success` or `error`.',
  message: 'A stable code, then a sentence for people.',
  version: 'The version of the service.',
  commit: 'The commit that the service was built from.',
  build: 'When the service was built.',
  metadata: 'Null.',
  failedCount: 'The number of events with another status than `stored`.',
  'ResultEventBatch.events': 'One for each event of the request, in the same order.',
  'ResultEventBatchItem.uuid':
    'Identifies the event. Of one that is not stored and has no key, another publish has another.',
  'ResultEventBatchItem.status': '`stored`, `not_stored`, or `unknown`: it may be stored, once.',
  'ResultEventBatchItem.code':
    'Null for an event that is stored; else the code that `publishEvent` would respond with.',
  'ResultEventBatchItem.message': 'Null for an event that is stored; else a sentence for people.',
  aBool: 'True for yes.',
  changes: 'The number of changes; 0 when there was nothing to change.',
  'ResultResourceUrl.url': 'An address that ends with the name of the subscription.',
  recordCount: 'How many there are in this response.',
  recordLimit: 'The limit that applied; negative: none.',
  recordsSkipped: 'How many were skipped, as requested.',
  orderBy: 'As requested.',
  startAfter: 'As requested.',
  totalCount: 'How many there would be without a limit; -1 unless `computeTotal` was requested.',
}
