import { createValidator } from '@tidings/contract/validate.ts'
import { Type, type Static } from 'typebox'

const OrNull = Type.Union([Type.String(), Type.Null()])

/** The members of a notification that a mail shows (protocol 5.3). */
const NotificationContent = Type.Object({
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
export type NotificationContent = Static<typeof NotificationContent>
export type NotifiedEvent = NotificationContent['event']

const check = createValidator(NotificationContent)

/** Parses a notification as this service writes it. Throws if it is anything else. */
export function readNotification(body: Buffer): NotificationContent {
  const checked = check(JSON.parse(body.toString()))
  if (checked.kind === 'invalid') throw new Error(`no notification: ${checked.violations.join('; ')}`)
  return checked.value
}
