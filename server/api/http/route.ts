import type { IncomingMessage } from 'node:http'
import type { ListMetadata } from '@tidings/contract/envelope.ts'
import type { ErrorCode } from '../errors.ts'
import type { Caller } from '../auth/caller.ts'
import type { Query } from './query.ts'

/** One route. Paths follow `BASE_PATH`; a part that begins with `:` is a parameter. */
export type Route = PublicRoute | GuardedRoute

/** Anyone may call, without a token. */
export interface PublicRoute {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly who: 'anyone'
  /** Runs before the body is read, and throws the rejection of a request that is unwanted whatever its body. */
  readonly admit?: (context: Omit<PublicRequestContext, 'body'>) => Promise<void>
  readonly handle: (context: PublicRequestContext) => RawResponse | ApiResponse | Promise<RawResponse | ApiResponse>
}

export interface GuardedRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  /**
   * `caller`: a valid token is enough, the operation decides the rest. `service`: a user is rejected before the body is
   * read.
   */
  readonly who: 'caller' | 'service'
  /** The code of the 401 for users where only services may call. */
  readonly rejectionCode?: ErrorCode
  /** Undefined: the limit for services. Users never have more than theirs. */
  readonly maxBodyBytes?: number
  /** In one body; undefined: one. */
  readonly maxEvents?: number
  /** Of every response. */
  readonly headers?: Readonly<Record<string, string>>
  /** The names of its query parameters, for warnings about misspelt ones; undefined: no warnings. */
  readonly queryParameters?: readonly string[]
  readonly handle: (context: RequestContext) => Promise<ApiResponse | StreamedResponse>
}

/** A request of an unknown caller. */
export interface PublicRequestContext {
  /** Percent-decoded once. */
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  /** By name in lower case, with every value that was sent. */
  readonly headersDistinct: IncomingMessage['headersDistinct']
  /** As it was sent; absent and empty are the same. */
  readonly body: Buffer | undefined
  /** Scheme and authority under which the caller reached the service. */
  readonly origin: string
}

/** A request whose caller is known. */
export interface RequestContext extends PublicRequestContext {
  readonly caller: Caller
  /** How long it has waited before its body was read, in ms. */
  readonly waitedMs: number
}

/** The response of an operation. Rejections are thrown. */
export interface ApiResponse {
  readonly httpStatus?: 201
  readonly message: string
  readonly result: unknown
  readonly metadata?: ListMetadata
  /** What the caller probably did not mean, though it was done as asked; sent in headers, never in the envelope. */
  readonly warnings?: readonly string[]
}

/** A list that is too long to be buffered. */
export interface StreamedResponse {
  readonly rows: RowStream
  /** Returns what follows the list, once the number of its rows is known. */
  readonly closing: (count: number) => { readonly message: string; readonly metadata: ListMetadata }
}

export interface RowStream {
  /** Returns the next rows; undefined after the last. One call at a time. */
  next(): Promise<readonly unknown[] | undefined>
  /** Releases what the stream holds. May be called at any time, and twice. */
  close(): void
}

/** A response without an envelope. */
export interface RawResponse {
  readonly httpStatus: 200 | 304 | 503
  readonly text: string | Buffer
  /** Unless it is application/json. */
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}
