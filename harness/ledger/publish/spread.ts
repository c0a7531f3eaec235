import type { Client } from '../../client.ts'

/** An address that gave no answer is left alone for this time, if there is another. */
const AVOID_MS = 1000

/** One client that spreads its calls over several apis, in turn. A call that gets no answer rejects: repeating it is up to the caller. */
export function createSpread(clients: readonly Client[], clock: () => number = () => performance.now()): Client {
  const avoidedUntilMs = clients.map(() => -Infinity)
  let turn = 0

  /** The next that is not avoided; the next of all when all are. */
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
