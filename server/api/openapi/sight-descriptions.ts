/** Describes the models of contract/sight.ts. */
export const SIGHT_MODEL_DESCRIPTIONS = {
  RespEventReport: 'What is known about one event.',
  EventReport: 'An event, what became of its notifications, and what it did not match.',
  StoredEvent: 'An event as it was published, with what the service added.',
  NotificationReport: 'What became of one notification.',
  NotMatched: 'A subscription that an event did not match, and why.',
  SubscriptionName: 'A subscription, by what tells it apart from others.',
  TargetName: 'A delivery target, as far as the caller may know it.',
  Attempt: 'One request to a target, or one mail.',
  FirstInLane: 'The notification that goes before others of the same series and target.',
} as const

/** Describes their members; `Model.member` where it means something else, or more, in this model. */
export const SIGHT_MEMBER_DESCRIPTIONS: Readonly<Record<string, string>> = {
  'StoredEvent.tenant': 'The tenant that the event belongs to.',
  'StoredEvent.user': 'The user that the publisher acted for.',
  'StoredEvent.uuid': 'Identifies the event.',
  received: 'When the event was accepted, in UTC.',
  seriesSeqCount: 'The number in its series, -1 outside a series; null before it is dispatched.',
  'StoredEvent.data': 'Any text; null also where `isDataShown` is false.',
  isDataShown: 'False for operators without the grant `payloads`.',
  event: 'The event itself.',
  'EventReport.state':
    '`stored`: not compared with the subscriptions yet. `dispatched`: compared. `parked`: it could not be dispatched.',
  'EventReport.reason':
    'Of a stored event `queued` or `no_dispatcher`, of a parked one why it could not be dispatched; else null.',
  explanation: 'A sentence for people.',
  dispatched: 'When it was compared with the subscriptions, in UTC; null where that is not known.',
  'EventReport.before': 'How many events are dispatched before it, counted up to 1,000; null when it is dispatched.',
  notifications: 'At most 100, in no particular order.',
  hasMoreNotifications: 'Whether there are more; `getNotifications` has all of them.',
  notMatched: 'At most 100 subscriptions: those that nearly matched, then the newest.',
  hasMoreNotMatched: 'Whether there are more; the parameter `subscription` asks for one by its name.',
  'SubscriptionName.uuid': 'Never reused, unlike the name.',
  'TargetName.id': 'A hash of method and address.',
  deliveryMethod: '`WEBHOOK` or `EMAIL`.',
  'TargetName.deliveryAddress': 'Null unless the request is made for the owner: an address may be a secret.',
  origin: 'Scheme, host and port of a webhook; `@` and the domain of a mail address.',
  'NotificationReport.uuid': 'The same in all attempts, and in the header `webhook-id`.',
  subscription: 'The subscription.',
  target: 'Where it goes.',
  'NotificationReport.state': '`waiting`, `delivered`, `given_up` or `cancelled`.',
  'NotificationReport.reason':
    'Of one that waits: `sending`, `retrying`, `due`, `behind`, `cancelling` or `no_dispatcher`. Of one that was given ' +
    'up: why. Else null.',
  'NotificationReport.created': 'When the event matched the subscription, in UTC.',
  settled: 'When it was delivered, given up or cancelled, in UTC; null while it waits.',
  attempts: 'How many attempts have ended; of a delivered one, the one that succeeded counts too.',
  'FirstInLane.attempts': 'How many attempts have failed.',
  httpStatus: 'The status of the response; null where there was none, and for mail.',
  nextTry: 'When it is tried again, in UTC; null where no time is set.',
  'NotificationReport.before':
    'How many of the same series and target go before it, counted up to 1,000; null when it is settled.',
  firstInLane: 'The one that goes first and holds this one up; null when nothing does.',
  lastAttempts: 'The last 20, newest first.',
  'FirstInLane.uuid': 'The uuid of the notification.',
  'FirstInLane.created': 'Since when it waits, in UTC.',
  lastFailure: 'The reason of the last failed attempt.',
  'Attempt.number': 'Counted from 1.',
  number: 'Counted from 1.',
  started: 'When it began, in UTC; null for the one that succeeded, of which it is not stored.',
  durationMs: 'How long it took; null for the one that succeeded.',
  outcome: '`failed` or `delivered`.',
  'Attempt.reason': 'Why it failed: `http_500`, `connect_refused`, `answer_timeout`, `dns`, `tls` and the like.',
  'NotMatched.typeFilter': 'Its type filter when the event was dispatched, if that is known.',
  'NotMatched.subjectFilter': 'Its subject filter when the event was dispatched, if that is known.',
  reasons:
    'All that kept it from matching: `type_service`, `type_category`, `type_detail`, `subject`, `subject_case`, ' +
    '`disabled`, `expired`, `ended`, `created_later`, `not_known`.',
}
