import { NOTIFICATIONS } from '../database/schema.ts'
import type { Tables } from '../database/tables.ts'
import type { Request, Response } from '../world/receivers.ts'
import type { Findings } from './findings.ts'

/** What the receivers have seen. */
export interface ArrivalJudge {
  onArrival(address: string, request: Request, response: Response | undefined): void
  /** Returns whether a receiver has responded to it with a 2xx, or a 410. */
  wasAccepted(uuid: string): boolean
  wasGone(uuid: string): boolean
  readonly count: number
}

export function createArrivalJudge(tables: Tables, findings: Findings): ArrivalJudge {
  const bodies = new Map<string, string>()
  const accepted = new Set<string>()
  const gone = new Set<string>()
  /** By lane: the position of the notification that arrived last for the first time. */
  const lastFirst = new Map<string, number>()
  let count = 0

  return {
    onArrival(address, { uuid, body }, response) {
      count += 1
      const known = bodies.get(uuid)
      if (known !== undefined && known !== body) findings.report('P6', `${uuid} arrives with another body`)
      if (response?.kind === 'status' && response.httpStatus < 300) accepted.add(uuid)
      if (response?.kind === 'status' && response.httpStatus === 410) gone.add(uuid)
      if (known !== undefined) return
      bodies.set(uuid, body)
      const row = tables.get(NOTIFICATIONS, uuid.slice(uuid.indexOf(' ') + 1))
      if (!row) return
      const lane = NOTIFICATIONS.groupOf(row)
      const before = lastFirst.get(lane) ?? 0
      if (row.position < before) findings.report('P2', `${uuid} arrives at ${address} after position ${before}`)
      lastFirst.set(lane, Math.max(before, row.position))
      if (!body.includes(`"number": ${row.number},`)) findings.report('P4', `${uuid} arrives without its number`)
    },
    wasAccepted: (uuid) => accepted.has(uuid),
    wasGone: (uuid) => gone.has(uuid),
    get count() {
      return count
    },
  }
}
