import { LRUCache } from 'lru-cache'
import type { Admins } from './admins.ts'

/** So long somebody may go on who is no administrator any more, or has to wait who has become one. */
const REMEMBERED_MS = 60_000
const MAX_ENTRIES = 10_000
const MAX_BYTES = 8 * 1024 * 1024
const OVERHEAD_BYTES = 256

interface Remembered {
  readonly isAdmin: boolean
  readonly untilMs: number
}

/** Remembers answers of `admins`, yes and no, for 60 s. The same question asked meanwhile waits for the first; no failure is remembered. */
export function createRememberedAdmins(admins: Admins, { monotonicMs = () => performance.now() } = {}): Admins {
  const answers = new LRUCache<string, Remembered>({ max: MAX_ENTRIES, maxSize: MAX_BYTES, sizeCalculation: (_, key) => OVERHEAD_BYTES + 2 * key.length })
  const asking = new Map<string, Promise<boolean>>()

  async function ask(key: string, tenant: string, user: string): Promise<boolean> {
    const untilMs = monotonicMs() + REMEMBERED_MS
    try {
      const isAdmin = await admins.isAdmin(tenant, user)
      answers.set(key, { isAdmin, untilMs })
      return isAdmin
    } finally {
      asking.delete(key)
    }
  }

  return {
    isAdmin(tenant, user) {
      const key = JSON.stringify([tenant, user])
      const answer = answers.get(key)
      if (answer && monotonicMs() < answer.untilMs) return Promise.resolve(answer.isAdmin)
      const underWay = asking.get(key)
      if (underWay) return underWay
      const asked = ask(key, tenant, user)
      asking.set(key, asked)
      return asked
    },
  }
}
