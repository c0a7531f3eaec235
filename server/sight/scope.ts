/** What a look may see. */
export interface Scope {
  readonly tenant: string
  /** Of the subscriptions; undefined: of any owner. */
  readonly owner: string | undefined
  /** Whose addresses are whole. Undefined: nobody's. */
  readonly reader: string | undefined
  /** Whether `data` of events is shown. */
  readonly withData: boolean
}
