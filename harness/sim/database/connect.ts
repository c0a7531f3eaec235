import { DatabaseUnreachable } from '@tidings/server/db/database.ts'
import { CONNECT_LIMIT_MS } from '@tidings/server/runtime/connect-limit.ts'
import { openConnection, type Connection, type ConnectionDeps } from './connection.ts'

/** Round trips until a new connection can be used. */
const ROUND_TRIPS = 3

/** Connects as the driver does. Rejects with `DatabaseUnreachable`. */
export function connect(deps: ConnectionDeps): Promise<Connection> {
  const { scheduler, machine, link, pool } = deps
  return new Promise((resolve, reject) => {
    let isOver = false
    const stopTimer = machine.startTimer(CONNECT_LIMIT_MS, () => {
      isOver = true
      reject(new DatabaseUnreachable(new Error('timeout exceeded when trying to connect')))
    })
    let delayMs = 0
    for (let trip = 0; trip < ROUND_TRIPS; trip += 1)
      delayMs += link.delayMs(pool, 'statements') + link.delayMs(pool, 'answers')
    const connected = () => {
      if (isOver) return
      stopTimer()
      const connection = openConnection(deps)
      if (connection) resolve(connection)
      else reject(new DatabaseUnreachable(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })))
    }
    scheduler.after(delayMs, () => machine.deliver(connected))
  })
}
