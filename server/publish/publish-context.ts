/** Who publishes, and for whom. */
export interface PublishContext {
  /** Tenant of the event. */
  readonly tenant: string
  /** Becomes `event.user`. */
  readonly user: string
  /** Name of the publishing service; idempotency keys are unique per service. */
  readonly service: string
  /**
   * Tenant that signed the service's token, unless it is the one that issues the tokens of this site's services:
   * services of other sites may have the same names.
   */
  readonly foreignSigner?: string | undefined
  /** Determines the uuid, so an event that is published again is stored once. */
  readonly idempotencyKey?: string | undefined
  /** Another content under the same key is not an error: contents are not compared. */
  readonly contentMayDiffer?: boolean
  /** How long the publisher has waited already, in ms: its deadline is as much nearer. */
  readonly waitedMs?: number
}
