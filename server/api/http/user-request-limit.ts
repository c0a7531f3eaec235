import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '../errors.ts'
import type { Caller } from '../auth/caller.ts'
import { onRequestEnd } from './request-end.ts'

/**
 * Browsers open six connections to a host. A user that does not read its responses leaves at most so many of them in
 * memory.
 */
export const MAX_REQUESTS_PER_USER = 16

/**
 * Bounds what one user holds of memory and connections at the same moment, against noisy neighbours. Services are not
 * limited.
 */
export interface UserRequestLimit {
  /** Counts a request until it is over. Throws NTFAPI_CALLER_BUSY (503) when the user has too many in flight. */
  admit(
    caller: Pick<Caller, 'isService' | 'jwtTenant' | 'jwtUser'>,
    request: IncomingMessage,
    response: ServerResponse,
  ): void
}

export function createUserRequestLimit(): UserRequestLimit {
  const inFlight = new Map<string, number>()
  return {
    admit({ isService, jwtTenant, jwtUser }, request, response) {
      if (isService) return
      const user = JSON.stringify([jwtTenant, jwtUser])
      const before = inFlight.get(user) ?? 0
      if (before >= MAX_REQUESTS_PER_USER) throw new AppError('NTFAPI_CALLER_BUSY', { retryAfterS: 1 })
      inFlight.set(user, before + 1)
      onRequestEnd(request, response, () => {
        const left = (inFlight.get(user) ?? 1) - 1
        if (left === 0) inFlight.delete(user)
        else inFlight.set(user, left)
      })
    },
  }
}
