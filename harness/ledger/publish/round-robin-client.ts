import type { Client } from '../../client.ts'

/** An api that did not respond is avoided for this time, if there is another. */
const AVOID_MS = 1000

/**
 * Creates a client that spreads its calls over several apis, round-robin. A call without a response rejects; repeating
 * it is up to the caller.
 */
export function createRoundRobinClient(
  clients: readonly Client[],
  clock: () => number = () => performance.now(),
): Client {
  const avoidedUntilMs = clients.map(() => -Infinity)
  let turn = 0

  /** Returns the next api that is not avoided, or simply the next if all are. */
  function choose(): number {
    turn += 1
    const order = clients.map((_, index) => (turn + index) % clients.length)
    return order.find((index) => (avoidedUntilMs[index] ?? 0) <= clock()) ?? order[0] ?? 0
  }

  return {
    async call(...args) {
      const index = choose()
      const client = clients[index]
      if (!client) throw new Error('there is no api')
      try {
        return await client.call(...args)
      } catch (error) {
        avoidedUntilMs[index] = clock() + AVOID_MS
        throw error
      }
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()))
    },
  }
}
