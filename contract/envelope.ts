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
export interface ListMetadata {
  readonly recordCount: number
  /** As asked for; negative means without limit. */
  readonly recordLimit: number
  /** As asked for, even when negative. */
  readonly recordsSkipped: number
  readonly orderBy: string | null
  readonly startAfter: string | null
  /** -1 unless it was asked for. */
  readonly totalCount: number
}
