import type { WaitingFor } from './waiting-for.ts'
import type { EventToMatch, FilterVersion, WhyNot } from './why-not.ts'

const WAITING: Readonly<Record<WaitingFor, string>> = {
  no_dispatcher: 'It waits for a dispatcher: none works its partition at the moment.',
  cancelling: 'Its subscription was deleted; it will be cancelled.',
  behind: 'Another notification of the same series and target goes first; see firstInLane.',
  sending: 'It is being sent, or is about to be; no attempt has failed so far.',
  retrying: 'The last attempt failed; it is tried again at nextTry.',
  due: 'It may be sent now: it waits for a free connection to its target, or is being sent.',
}

/** Returns what a notification waits for, as a sentence. */
export const explainWaiting = (reason: WaitingFor): string => WAITING[reason]

/** Returns what became of a notification, as a sentence. `reason`: of the last failed attempt. */
export function explainSettled(state: 'delivered' | 'given_up' | 'cancelled', reason: string | null): string {
  switch (state) {
    case 'delivered':
      return 'The target accepted it.'
    case 'given_up':
      return reason === null
        ? 'It was given up.'
        : `It was given up; there are no further attempts. The reason is ${reason}.`
    case 'cancelled':
      return 'It was not sent, because its subscription was deleted before.'
    default:
      return state satisfies never
  }
}

/** Returns why a subscription did not match, as sentences. `version`: of its filters; null where it is not known. */
export const explainNotMatched = (
  reasons: readonly WhyNot[],
  event: EventToMatch,
  version: FilterVersion | null,
): string => reasons.map((reason) => sentenceOf(reason, event, version)).join(' ')

function sentenceOf(reason: WhyNot, { type, subject }: EventToMatch, version: FilterVersion | null): string {
  const [service, category, detail] = type
  switch (reason) {
    case 'tenant':
      return 'It belongs to another tenant.'
    case 'created_later':
      return 'It was created after the event had been dispatched.'
    case 'ended':
      return 'It had been deleted before the event was dispatched.'
    case 'disabled':
      return 'It was disabled when the event was dispatched.'
    case 'expired':
      return 'It had expired when the event was received.'
    case 'type_service':
      return `Its type filter wants the service ${version?.type[0] ?? ''}, the event has ${service}.`
    case 'type_category':
      return `Its type filter wants the category ${version?.type[1] ?? ''}, the event has ${category}.`
    case 'type_detail':
      return `Its type filter wants the detail ${version?.type[2] ?? ''}, the event has ${detail}.`
    case 'subject_case':
      return (
        'Its subject filter has other upper and lower case letters: ' +
        `${version?.subjectFilter ?? ''}, not ${subject ?? ''}.`
      )
    case 'subject':
      return subject === null
        ? 'Its subject filter wants a subject; the event has none, or one that is longer than a filter can be.'
        : `Its subject filter is ${version?.subjectFilter ?? ''}, the subject of the event is ${subject}.`
    case 'not_known':
      return 'It is not known any more: its filters at that time are not stored, or it was changed at about that time.'
    default:
      return reason satisfies never
  }
}
