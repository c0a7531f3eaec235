import type { BrokerConnection } from './broker-connection.ts'

/**
 * The connection of one partition's consumer: the one that all share, until it is found that what this partition asks
 * for ends it. RabbitMQ closes the whole connection when a queue without a leader is to be consumed.
 */
export interface SeparableConnection extends Pick<BrokerConnection, 'acquire' | 'problem'> {
  /** From now on a connection of its own. */
  separate(): void
  close(): Promise<void>
}

export function createSeparableConnection(
  shared: Pick<BrokerConnection, 'acquire' | 'problem'>,
  makeOwn: () => Pick<BrokerConnection, 'open' | 'acquire' | 'close'>,
): SeparableConnection {
  let own: ReturnType<typeof makeOwn> | undefined

  return {
    acquire: () => (own ?? shared).acquire(),
    // Whoever uses its own reports its failures itself.
    problem: () => (own ? undefined : shared.problem()),
    separate() {
      if (own) return
      own = makeOwn()
      void own.open()
    },
    close: () => own?.close() ?? Promise.resolve(),
  }
}
