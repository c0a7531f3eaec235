import { Pool, type Dispatcher } from 'undici'
import type { Notification } from './rival-notification.ts'

const TIME_LIMIT_MS = 10_000
const HEADERS = { 'content-type': 'application/json' }

/**
 * Returns a function that POSTs a notification over kept connections, and rejects unless the response is a 2xx. It uses
 * `dispatch`, the fastest way that undici has.
 */
export function createWebhookPool(connections: number): (notification: Notification) => Promise<void> {
  const pools = new Map<string, Pool>()

  function poolOf(origin: string): Pool {
    const pool = pools.get(origin) ?? new Pool(origin, { connections, pipelining: 1 })
    pools.set(origin, pool)
    return pool
  }

  return ({ target: { origin, path }, body }) =>
    new Promise((resolve, reject) => {
      poolOf(origin).dispatch(
        { path, method: 'POST', headers: HEADERS, body, headersTimeout: TIME_LIMIT_MS, bodyTimeout: TIME_LIMIT_MS },
        responseHandler(resolve, reject),
      )
    })
}

function responseHandler(resolve: () => void, reject: (error: Error) => void): Dispatcher.DispatchHandler {
  let status = 0
  return {
    onRequestStart: () => undefined,
    onResponseStart(_controller, statusCode) {
      status = statusCode
    },
    onResponseData: () => undefined,
    onResponseEnd() {
      if (status >= 200 && status < 300) resolve()
      else reject(new Error(`the receiver responded ${status}`))
    },
    onResponseError(_controller, error) {
      reject(error)
    },
  }
}
