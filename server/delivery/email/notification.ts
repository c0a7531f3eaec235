import { createCheck } from '@tidings/contract/validate.ts'
import { Type, type Static } from 'typebox'

const OrNull = Type.Union([Type.String(), Type.Null()])

/** What a mail says of a notification: members of contract 5.3. */
const Notification = Type.Object({
  uuid: Type.String(),
  tenant: Type.String(),
  subscriptionName: Type.String(),
  event: Type.Object({
    source: Type.String(),
    type: Type.String(),
    subject: OrNull,
    data: OrNull,
    seriesId: OrNull,
    seriesSeqCount: Type.Integer(),
    timestamp: Type.String(),
  }),
  created: Type.String(),
})
export type Notification = Static<typeof Notification>
export type NotifiedEvent = Notification['event']

const check = createCheck(Notification)

/** Reads our own JSON back. Throws when it is not what this service writes. */
export function readNotification(body: Buffer): Notification {
  const checked = check(JSON.parse(body.toString()))
  if (checked.kind === 'invalid') throw new Error(`no notification: ${checked.faults.join('; ')}`)
  return checked.value
}
