import { Type, type Static, type TSchema } from 'typebox'

/** The one shape of every answer: seven members, always all of them (Tapis Notifications 1.6.2, RespBasic and its kin). */
export interface Envelope<Result = unknown> {
  /** Null for a refusal and where an operation has nothing to say. */
  readonly result: Result
  readonly status: 'success' | 'error'
  /** Begins with a stable code, then a sentence for people. */
  readonly message: string
  readonly version: string
  readonly commit: string
  readonly build: string
  /** Null except for lists. */
  readonly metadata: ListMetadata | null
}

/** What a list says about itself (Tapis Notifications 1.6.2, ResultListMetadata). */
export const ListMetadata = Type.Object({
  recordCount: Type.Integer(),
  /** As asked for; negative means without limit. */
  recordLimit: Type.Integer(),
  /** As asked for, even when negative. */
  recordsSkipped: Type.Integer(),
  orderBy: Type.Union([Type.String(), Type.Null()]),
  startAfter: Type.Union([Type.String(), Type.Null()]),
  /** -1 unless it was asked for. */
  totalCount: Type.Integer(),
})
export type ListMetadata = Readonly<Static<typeof ListMetadata>>

/**
 * The schema of an answer with this result. `status` is no enumeration, though it has two values: client generators would
 * make a type of its own of it for every kind of answer.
 */
export const envelopeOf = (result: TSchema, metadata: TSchema = Type.Null()): TSchema => Type.Object({
  result,
  status: Type.String({ pattern: '^(success|error)$' }),
  message: Type.String(),
  version: Type.String(),
  commit: Type.String(),
  build: Type.String(),
  metadata,
})
