import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '../errors.ts'
import type { Caller } from './auth/caller.ts'
import { whenOver } from './request-end.ts'

/** Browsers open six connections to a host. A user who does not read his answers leaves at most so many of them in memory. */
export const MOST_PER_USER = 16

/** Bounds what one user holds of memory and connections at the same moment, so that nobody takes what others need. Services are not counted. */
export interface UserRequests {
  /** Counts a request until it is over. Throws NTFAPI_CALLER_BUSY (503) when the user has too many under way. */
  enter(caller: Pick<Caller, 'isService' | 'jwtTenant' | 'jwtUser'>, request: IncomingMessage, response: ServerResponse): void
}

export function createUserRequests(): UserRequests {
  const underWay = new Map<string, number>()
  return {
    enter({ isService, jwtTenant, jwtUser }, request, response) {
      if (isService) return
      const user = JSON.stringify([jwtTenant, jwtUser])
      const before = underWay.get(user) ?? 0
      if (before >= MOST_PER_USER) throw new AppError('NTFAPI_CALLER_BUSY', { retryAfterS: 1 })
      underWay.set(user, before + 1)
      whenOver(request, response, () => {
        const left = (underWay.get(user) ?? 1) - 1
        if (left === 0) underWay.delete(user)
        else underWay.set(user, left)
      })
    },
  }
}
