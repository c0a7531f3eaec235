import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '../../errors.ts'
import { onRequestEnd } from '../request-end.ts'

/**
 * Bounds the memory that request bodies take together, whoever sends them and however slowly (backpressure by
 * rejection). For callers that are no services: those wait at the door (`door.ts`).
 */
export interface BodyBudget {
  /**
   * Reserves what the body may need until the request is over. Throws NTFAPI_BUSY (503) when there is no room.
   */
  reserve(request: IncomingMessage, response: ServerResponse): void
}

export interface BodyBudgetLimits {
  /** For all bodies that are being read or processed at the same moment, over all connections. */
  readonly budgetBytes: number
  /** Of one body. */
  readonly maxBodyBytes: number
}

export function createBodyBudget({ budgetBytes, maxBodyBytes }: BodyBudgetLimits): BodyBudget {
  let reservedBytes = 0
  return {
    reserve(request, response) {
      const bytes = expectedBytes(request, maxBodyBytes)
      if (bytes === 0) return
      if (reservedBytes + bytes > budgetBytes) throw new AppError('NTFAPI_BUSY', { retryAfterS: 1 })
      reservedBytes += bytes
      onRequestEnd(request, response, () => {
        reservedBytes -= bytes
      })
    },
  }
}

/** A chunked body does not announce its length; it may grow to the limit of one body. */
export function expectedBytes({ headers }: IncomingMessage, maxBodyBytes: number): number {
  if (headers['transfer-encoding'] !== undefined) return maxBodyBytes
  const length = Number(headers['content-length'] ?? 0)
  return Number.isFinite(length) ? Math.min(length, maxBodyBytes) : maxBodyBytes
}
