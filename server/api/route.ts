import type { IncomingMessage } from 'node:http'
import type { ListMetadata } from '@tidings/contract/envelope.ts'
import type { ErrorCode } from '../errors.ts'
import type { Caller } from './auth/caller.ts'
import type { Query } from './query.ts'

export const BASE_PATH = '/v3/notifications'

/** One line of the table of routes. Paths follow `BASE_PATH`; a part that begins with `:` is a parameter. */
export type Route = PublicRoute | GuardedRoute

/** Anyone may call, without a token. */
export interface PublicRoute {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly who: 'anyone'
  /** Asked before the body is read: rejects a call that is not wanted, whatever it brings. */
  readonly admit?: (call: Omit<PublicCall, 'body'>) => Promise<void>
  readonly handle: (call: PublicCall) => RawAnswer | Answer | Promise<RawAnswer | Answer>
}

export interface GuardedRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  /** `caller`: a valid token will do, the operation decides the rest. `service`: a user is refused before the body is read. */
  readonly who: 'caller' | 'service'
  /** What a user is told where only services may call. */
  readonly refusal?: ErrorCode
  /** Of whoever calls; undefined: what a service may send. */
  readonly maxBodyBytes?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly handle: (call: Call) => Promise<Answer | StreamedAnswer>
}

/** A request of anybody. */
export interface PublicCall {
  /** Percent-decoded once. */
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  /** By lower-case name, every value that was sent. */
  readonly headersDistinct: IncomingMessage['headersDistinct']
  /** As it came; absent and empty are the same. */
  readonly body: Buffer | undefined
  /** Scheme and authority under which the caller reached us. */
  readonly origin: string
}

/** A request whose caller is known. */
export interface Call extends PublicCall {
  readonly caller: Caller
}

/** What an operation answers. Refusals are thrown. */
export interface Answer {
  readonly httpStatus?: 201
  readonly message: string
  readonly result: unknown
  readonly metadata?: ListMetadata
  /** What the caller probably did not mean, though it was done as asked; goes into headers, never into the envelope. */
  readonly warnings?: readonly string[]
}

/** A list that is too long to be held. */
export interface StreamedAnswer {
  readonly rows: RowStream
  /** What follows the list, once it is known how many rows it had. */
  readonly closing: (count: number) => { readonly message: string; readonly metadata: ListMetadata }
}

export interface RowStream {
  /** Some rows; undefined after the last. One call at a time. */
  next(): Promise<readonly unknown[] | undefined>
  /** Gives back what is held for it. May come at any time, and twice. */
  close(): void
}

/** An answer in a form of its own. */
export interface RawAnswer {
  readonly httpStatus: 200 | 304 | 503
  readonly text: string | Buffer
  /** Unless it is application/json. */
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}
