import type { ErrorCode } from '../../errors.ts'
import type { Route } from '../route.ts'
import type { ModelName } from './models.ts'
import type { OpenApiSchema } from './schema.ts'

/** What the document says of one route. */
export interface Operation {
  /** Generated clients name their functions after it (Tapis Notifications 1.6.2). */
  readonly id: string
  readonly tag: Tag
  readonly method: Route['method']
  /** As in the table of routes. */
  readonly path: string
  readonly who: Route['who']
  readonly summary: string
  readonly description: string
  readonly isDeprecated?: boolean
  /** Their order is that of the arguments in some generated clients. */
  readonly parameters?: readonly Parameter[]
  readonly body?: RequestBody
  readonly success: Success
  /** Refusals that not every operation has. */
  readonly refusals?: Readonly<Partial<Record<404 | 409 | 422 | 429, Refusal>>>
}

export type Tag = 'General' | 'Subscriptions' | 'Events' | 'Test'

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly description: string
  readonly schema: OpenApiSchema
  readonly [keyword: string]: unknown
}

export interface RequestBody {
  /** `object`: any object will do. */
  readonly model: ModelName | 'object'
  readonly description: string
  readonly isOptional?: boolean
  readonly example?: unknown
}

export interface Success {
  readonly status: 200 | 201
  readonly model: ModelName
  readonly description: string
  /** An example of it, and how the message begins, where the model leaves the result open. */
  readonly result?: unknown
  readonly code?: string
  /** It may come with `Tidings-Warning`. */
  readonly mayWarn?: true
}

export interface Refusal {
  readonly code: ErrorCode
  readonly description: string
}
