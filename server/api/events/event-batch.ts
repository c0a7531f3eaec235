import { MAX_BODY_BYTES } from '@tidings/contract/body-limit.ts'
import { EventBatchItem, EventInput, MAX_BATCH_EVENTS, type EventBatch } from '@tidings/contract/event.ts'
import { isObject } from '@tidings/contract/is-object.ts'
import { MAX_VIOLATIONS, type ValidationResult } from '@tidings/contract/validate.ts'
import { Type } from 'typebox'
import type { Caller } from '../auth/caller.ts'
import { createBodyValidator } from '../http/body/body-validator.ts'
import { MAX_WARNINGS } from '../http/response/warning-headers.ts'
import type { Violation } from '../violations.ts'
import { eventViolations } from './event-rules.ts'
import { timestampWarnings, unknownMemberWarnings } from './event-warnings.ts'

type Members = Readonly<Record<string, unknown>>

/** The body without what is in its events. */
const checkList = createBodyValidator(
  Type.Object({ events: Type.Array(Type.Unknown(), { minItems: 1 }) }, { additionalProperties: false }),
)
const checkItem = createBodyValidator(EventBatchItem)

/**
 * Validates a batch as its schema (`EventBatch`) would, item by item: violations of a whole batch would be too many to
 * be explained at once. Every invalid item is named by its index, until there are as many violations as a response has
 * room for.
 */
export function validateBatch(value: unknown): ValidationResult<EventBatch> {
  const items: readonly unknown[] = isObject(value) && Array.isArray(value.events) ? value.events : []
  if (items.length > MAX_BATCH_EVENTS)
    return { kind: 'invalid', violations: [`/events must not have more than ${MAX_BATCH_EVENTS} items`] }
  const list = checkList(isObject(value) && items.length > 0 ? { ...value, events: items.map(() => null) } : value)
  if (list.kind === 'invalid') return list
  const events: EventBatchItem[] = []
  const violations: string[] = []
  for (const [index, item] of items.entries()) {
    const checked = checkItem(item)
    if (checked.kind === 'valid') events.push(checked.value)
    else violations.push(...checked.violations.map((violation) => placed(violation, index)))
    if (violations.length >= MAX_VIOLATIONS) break
  }
  return violations.length === 0 ? { kind: 'valid', value: { events } } : { kind: 'invalid', violations }
}

/** A violation speaks of `the body`, or begins with the place in it. */
const placed = (violation: string, index: number) => `/events/${index}${violation.replace(/^the body(?= )/, '')}`

/**
 * Names violations that no schema expresses: those of each event, and events that are larger than a request for one of
 * them may be. `bodyBytes` is the size of the batch.
 */
export function batchViolations(members: Members, caller: Pick<Caller, 'jwtUser'>, bodyBytes: number): Violation[] {
  const violations: Violation[] = []
  for (const [index, event] of eventsIn(members).entries()) {
    const place = `/events/${index}/event`
    violations.push(...eventViolations(event, caller, place))
    if (bodyBytes > MAX_BODY_BYTES && Buffer.byteLength(JSON.stringify(event)) > MAX_BODY_BYTES)
      violations.push({ code: 'NTFAPI_EVENT_ATTR_ERR', text: `${place} has more than ${MAX_BODY_BYTES} bytes` })
  }
  return violations
}

/** Of something that may be no batch. What is no event counts as one without members, so that places stay right. */
function eventsIn({ events }: Members): readonly Members[] {
  const items: readonly unknown[] = Array.isArray(events) ? events.slice(0, MAX_BATCH_EVENTS) : []
  return items.map((item) => (isObject(item) && isObject(item.event) ? item.event : {}))
}

/** Warns about the first events that have something to warn about, as a publish of each alone would. */
export function batchWarnings({ events }: EventBatch): string[] {
  const warnings: string[] = []
  for (const [index, { event }] of events.entries()) {
    const ofEvent = [...unknownMemberWarnings(event, EventInput), ...timestampWarnings(event)]
    warnings.push(...ofEvent.map((text) => `/events/${index}/event: ${text}`))
    if (warnings.length >= MAX_WARNINGS) break
  }
  return warnings.slice(0, MAX_WARNINGS)
}
