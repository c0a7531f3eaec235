import type { EventOperations } from './events.ts'
import { MAX_SMALL_BODY_BYTES } from './json-body.ts'
import type { ListOperations } from './lists/operations.ts'
import { BASE_PATH, type Answer, type Call, type Route } from './route.ts'
import type { StatusOperations } from './status.ts'
import type { SubscriptionOperations } from './subscriptions/operations.ts'
import type { TestSequenceOperations } from './test-sequences/operations.ts'

export interface Operations {
  readonly events: EventOperations
  readonly subscriptions: SubscriptionOperations & Record<'create' | 'patch', (call: Call) => Promise<Answer>>
  readonly lists: ListOperations
  readonly tests: TestSequenceOperations
  readonly status: StatusOperations
}

/** Since 1.6.2 of the contract (RFC 9745, RFC 8594 §3). */
const DEPRECATED = { deprecation: '@1710374400', link: `<${BASE_PATH}/events/publish>; rel="successor-version"` }

/** Every address, and who may call it. `caller`: anyone with a valid token; the operation looks at the owner. */
export function createRoutes({ events, subscriptions, lists, tests, status }: Operations): readonly Route[] {
  return [
    { method: 'GET', path: '/healthcheck', who: 'anyone', handle: status.health },
    { method: 'GET', path: '/readycheck', who: 'anyone', handle: status.ready },

    { method: 'POST', path: '/events/publish', who: 'service', refusal: 'NTFLIB_EVENT_UNAUTH', handle: events.publish },
    { method: 'POST', path: '/events', who: 'service', refusal: 'NTFLIB_EVENT_UNAUTH', headers: DEPRECATED, handle: events.publish },
    { method: 'POST', path: '/events/endSeries', who: 'service', refusal: 'NTFLIB_EVENT_UNAUTH', handle: events.endSeries },

    { method: 'POST', path: '/subscriptions', who: 'service', refusal: 'NTFAPI_SUBSCR_UNAUTH', handle: subscriptions.create },
    { method: 'GET', path: '/subscriptions', who: 'caller', handle: lists.list },
    { method: 'GET', path: '/subscriptions/search', who: 'caller', handle: lists.searchByParameters },
    { method: 'POST', path: '/subscriptions/search', who: 'caller', maxBodyBytes: MAX_SMALL_BODY_BYTES, handle: lists.searchByBody },
    { method: 'GET', path: '/subscriptions/byName/:name', who: 'caller', handle: subscriptions.byName },
    { method: 'PATCH', path: '/subscriptions/byName/:name', who: 'caller', handle: subscriptions.patch },
    { method: 'DELETE', path: '/subscriptions/byName/:name', who: 'caller', handle: subscriptions.deleteByName },
    { method: 'GET', path: '/subscriptions/byUuid/:uuid', who: 'caller', handle: subscriptions.byUuid },
    { method: 'DELETE', path: '/subscriptions/byUuid/:uuid', who: 'caller', handle: subscriptions.deleteByUuid },
    { method: 'DELETE', path: '/subscriptions/bySubject/:subject', who: 'caller', handle: subscriptions.deleteBySubject },
    { method: 'GET', path: '/subscriptions/:name/isEnabled', who: 'caller', handle: subscriptions.isEnabled },
    { method: 'POST', path: '/subscriptions/:name/enable', who: 'caller', handle: subscriptions.enable },
    { method: 'POST', path: '/subscriptions/:name/disable', who: 'caller', handle: subscriptions.disable },
    { method: 'POST', path: '/subscriptions/:name/updateTTL/:ttlMinutes', who: 'caller', handle: subscriptions.updateTtl },

    { method: 'POST', path: '/test/begin', who: 'service', handle: tests.begin },
    { method: 'GET', path: '/test/:name', who: 'caller', handle: tests.get },
    { method: 'DELETE', path: '/test/:name', who: 'service', handle: tests.delete },
    { method: 'POST', path: '/test/callback/:name', who: 'anyone', admit: tests.admitRecord, handle: tests.record },
  ]
}
