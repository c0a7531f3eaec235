import { Type, type Static, type TSchema } from 'typebox'

/**
 * The one shape of every response: seven members, always all of them (Tapis Notifications 1.6.2, RespBasic and its
 * kin). A new member belongs here. The compiler then names the places that must follow: `envelope` and `envelopeSchema`
 * below. Its description in the OpenAPI document is in server/api/openapi/descriptions.ts (a test demands it);
 * docs/protocol.md 2.2 lists the members.
 */
export interface Envelope<Result = unknown> extends BuildInfo {
  /** Null for a rejection and where an operation has nothing to say. */
  readonly result: Result
  readonly status: 'success' | 'error'
  /** Begins with a stable code, then a sentence for people. */
  readonly message: string
  /** Null except for lists. */
  readonly metadata: ListMetadata | null
}

/** What a build says about itself: the same in every response of a process. */
export interface BuildInfo {
  readonly version: string
  readonly commit: string
  readonly build: string
}

/** Returns an envelope with its members in their order on the wire. */
export const envelope = <Result>(
  {
    result,
    status,
    message,
    metadata = null,
  }: Pick<Envelope<Result>, 'result' | 'status' | 'message'> & Partial<Pick<Envelope, 'metadata'>>,
  { version, commit, build }: BuildInfo,
): Envelope<Result> => ({ result, status, message, version, commit, build, metadata })

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
 * Returns the schema of a response with this result. `status` is no enumeration, though it has two values: client
 * generators would make a type of its own of it for every kind of response.
 */
export const envelopeSchema = (result: TSchema, metadata: TSchema = Type.Null()): TSchema =>
  Type.Object({
    result,
    status: Type.String({ pattern: '^(success|error)$' }),
    message: Type.String(),
    version: Type.String(),
    commit: Type.String(),
    build: Type.String(),
    metadata,
  } satisfies Record<keyof Envelope, TSchema>)
