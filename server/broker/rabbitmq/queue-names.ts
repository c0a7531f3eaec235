/**
 * The names of one installation at the broker. Its id is in every name, so that installations on one virtual host are
 * separate.
 */
export interface QueueNames {
  readonly exchange: string
  queueOf(partition: number): string
  routingKeyOf(partition: number): string
  /** For messages that no queue gets. */
  readonly unroutableKey: string
  /** See `declareAll`. */
  readonly lastQueue: string
}

export const queueNamesOf = (installationId: string): QueueNames => ({
  exchange: `tidings.${installationId}`,
  queueOf: (partition) => `tidings.${installationId}.${partition}`,
  routingKeyOf: String,
  unroutableKey: 'nobody',
  lastQueue: `tidings.${installationId}.last`,
})
