/** A subscription as the original stores it (protocol 6.10). Instants are PostgreSQL's text of a timestamptz in UTC. */
export interface SourceRow {
  readonly tenant: string
  readonly owner: string
  readonly name: string
  readonly description: string | null
  readonly enabled: boolean
  readonly typeFilter: string
  /** The three sections, which the original matches by. */
  readonly typeSections: readonly string[]
  readonly subjectFilter: string
  /** Null when they are missing, or larger than any request could have been. */
  readonly deliveryTargets: unknown
  readonly ttlMinutes: number
  readonly uuid: string
  readonly expiry: string | null
  readonly created: string
  readonly updated: string
  /** By the clock of the source's database. */
  readonly isExpired: boolean
  /** Another subscription of the source has the same uuid. */
  readonly sharesUuid: boolean
}
