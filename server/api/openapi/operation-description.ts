import type { ErrorCode } from '../errors.ts'
import type { Route } from '../http/route.ts'
import type { ModelName } from './model-schemas.ts'
import type { OpenApiSchema } from './openapi-schema.ts'

/** What the OpenAPI document says about an operation. */
export interface OperationDescription {
  /** Generated clients name their functions after it (Tapis Notifications 1.6.2). */
  readonly id: string
  readonly tag: Tag
  readonly method: Route['method']
  /** Follows `BASE_PATH`; a part that begins with `:` is a parameter. */
  readonly path: string
  readonly who: Route['who']
  readonly summary: string
  readonly description: string
  readonly deprecated?: Deprecation
  /** Their order is that of the arguments in some generated clients. */
  readonly parameters?: readonly Parameter[]
  readonly body?: RequestBody
  readonly success: Success
  /** Rejections that not every operation has. */
  readonly rejections?: Readonly<Partial<Record<404 | 409 | 422 | 429, Rejection>>>
}

export type Tag = 'General' | 'Subscriptions' | 'Events' | 'Test'

/** Becomes response headers as well (RFC 9745, RFC 5829). */
export interface Deprecation {
  /** A day, in UTC: `2024-03-14`. */
  readonly since: string
  /** The path of the operation that replaces it. */
  readonly successor: string
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly description: string
  readonly schema: OpenApiSchema
  readonly [keyword: string]: unknown
}

export interface RequestBody {
  /** `object`: any object is accepted. */
  readonly model: ModelName | 'object'
  readonly description: string
  readonly isOptional?: boolean
  readonly example?: unknown
}

export interface Success {
  readonly status: 200 | 201
  readonly model: ModelName
  readonly description: string
  /** Where the model leaves the result open. */
  readonly example?: { readonly code: string; readonly result: unknown }
  /** The response may carry `Tidings-Warning`. */
  readonly mayWarn?: true
}

export interface Rejection {
  readonly code: ErrorCode
  readonly description: string
}
