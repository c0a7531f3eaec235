import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '../../errors.ts'
import { MAX_BODY_BYTES } from '@tidings/contract/body-limit.ts'
import { onRequestEnd } from '../request-end.ts'

/** For all bodies that are being read or processed at the same moment, over all connections. */
const BUDGET_BYTES = 128 * 1024 * 1024

/**
 * Bounds the memory that request bodies take together, whoever sends them and however slowly (backpressure by
 * rejection).
 */
export interface BodyBudget {
  /**
   * Reserves what the body may need until the request is over: at most `maxBodyBytes`, by default the limit of this
   * budget. Throws NTFAPI_BUSY (503) when there is no room.
   */
  reserve(request: IncomingMessage, response: ServerResponse, maxBodyBytes?: number): void
}

export interface BodyBudgetLimits {
  readonly budgetBytes?: number
  /** Of one body, unless its operation accepts more. */
  readonly maxBodyBytes?: number
}

export function createBodyBudget({
  budgetBytes = BUDGET_BYTES,
  maxBodyBytes: usualBytes = MAX_BODY_BYTES,
}: BodyBudgetLimits = {}): BodyBudget {
  let reservedBytes = 0
  return {
    reserve(request, response, maxBodyBytes = usualBytes) {
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
function expectedBytes({ headers }: IncomingMessage, maxBodyBytes: number): number {
  if (headers['transfer-encoding'] !== undefined) return maxBodyBytes
  const length = Number(headers['content-length'] ?? 0)
  return Number.isFinite(length) ? Math.min(length, maxBodyBytes) : maxBodyBytes
}
