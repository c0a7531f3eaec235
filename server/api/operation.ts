import type { Database } from '../db/database.ts'
import type { ErrorCode } from './errors.ts'
import type { Log } from '../log.ts'
import type { Publish } from '../publish/publish.ts'
import type {
  ApiResponse,
  GuardedRoute,
  PublicRequestContext,
  PublicRoute,
  RawResponse,
  RequestContext,
  StreamedResponse,
} from './http/route.ts'
import type { PublishQuota } from './events/publish-quota.ts'
import type { ListSubscriptions } from './lists/list-subscriptions.ts'
import type { OperationDescription } from './openapi/operation-description.ts'
import type { Status } from './status/status.ts'
import type { SubscriptionAccess } from './subscriptions/subscription-access.ts'
import type { DeliveryReach } from './subscriptions/subscription-warnings.ts'
import type { SequenceCallback } from './test-sequences/sequence-callback.ts'
import type { SequencePublisher } from './test-sequences/sequence-publisher.ts'

/**
 * One operation of the interface, declared in one place: its address, who may call it, what the OpenAPI document says
 * about it, and what it does. The routes, the warnings about misspelt query parameters and the document are derived
 * from the list in operations.ts (docs/decisions/0025).
 */
export type Operation = GuardedOperation | PublicOperation

/** For callers with a token. */
export interface GuardedOperation extends OperationDescription {
  readonly method: GuardedRoute['method']
  readonly who: GuardedRoute['who']
  /** The code of the 401 that users get where only services may call. */
  readonly rejectionCode?: ErrorCode
  /** Undefined: the limit for services. Users never have more than theirs. */
  readonly maxBodyBytes?: number
  /** In one body; undefined: one. */
  readonly maxEvents?: number
  /** Decides in its own order what is rejected first. Rejections are thrown. */
  readonly handle: (parts: ApiParts, context: RequestContext) => Promise<ApiResponse | StreamedResponse>
}

/** Without a token. */
export interface PublicOperation extends OperationDescription {
  readonly method: PublicRoute['method']
  readonly who: PublicRoute['who']
  /** Runs before the body is read, and throws the rejection of a request that is unwanted whatever its body. */
  readonly admit?: (parts: ApiParts, context: Omit<PublicRequestContext, 'body'>) => Promise<void>
  readonly handle: (
    parts: ApiParts,
    context: PublicRequestContext,
  ) => RawResponse | ApiResponse | Promise<RawResponse | ApiResponse>
}

/** What operations work with. Made once, in api.ts: everything that has state is in here, never in an operation. */
export interface ApiParts {
  readonly db: Database
  readonly access: SubscriptionAccess
  readonly publish: Publish
  readonly quota: PublishQuota
  readonly list: ListSubscriptions
  readonly status: Status
  readonly callback: SequenceCallback
  readonly sequences: Pick<SequencePublisher, 'publishNext'>
  /** Base of the addresses in responses; undefined: the one under which the caller reached the service. */
  readonly publicUrl: string | undefined
  readonly reach: DeliveryReach
  /** Of one subscription. */
  readonly maxTargets: number
  /** Users, too, may change filters and targets. */
  readonly usersChangeFilters: boolean
  readonly log: Log
}
