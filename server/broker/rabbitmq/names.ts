/** What one installation has at the broker. Its id is in every name, so that installations on one virtual host never meet. */
export interface Names {
  readonly exchange: string
  queueOf(partition: number): string
  routingKeyOf(partition: number): string
  /** Of messages that no queue gets. */
  readonly nobodysRoutingKey: string
  /** See `declareAll`. */
  readonly lastQueue: string
}

export const namesOf = (installationId: string): Names => ({
  exchange: `tidings.${installationId}`,
  queueOf: (partition) => `tidings.${installationId}.${partition}`,
  routingKeyOf: String,
  nobodysRoutingKey: 'nobody',
  lastQueue: `tidings.${installationId}.last`,
})
