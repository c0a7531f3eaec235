import { isObject } from '@tidings/contract/is-object.ts'
import { truncate, printable, printableLine } from './printable.ts'

/** A line of a mail: a label and its value. */
export type Fact = readonly [label: string, value: string]

/** The `data` of an event, as far as it can be shown as facts. */
export interface EventData {
  readonly facts: readonly Fact[]
  /** Free text for a person. */
  readonly message: string | undefined
  /** The data itself, if the facts do not show all of it. */
  readonly text: string | undefined
  /** Members that have a meaning in the data of the Jobs service (protocol 8.3). */
  readonly job: JobData
}

export interface JobData {
  readonly name?: string | undefined
  readonly newStatus?: string | undefined
  readonly oldStatus?: string | undefined
}

/** Longer data is not parsed; Jobs sends at most 20 KiB. */
const MAX_PARSED_LENGTH = 64 * 1024
const MAX_SHOWN_LENGTH = 8 * 1024
const MAX_VALUE_LENGTH = 500
const MAX_FACTS = 40

/**
 * These members come first, in this order, with these labels; others follow under their own names. `message` is apart.
 */
const LABELS: Readonly<Record<string, string>> = {
  newJobStatus: 'New status',
  oldJobStatus: 'Previous status',
  jobStatus: 'Job status',
  jobName: 'Job',
  jobUuid: 'Job UUID',
  jobOwner: 'Job owner',
}

/** Turns a JSON object into facts, one per member, and leaves any other text as it is. Pure; never throws. */
export function readEventData(data: string | null): EventData {
  const members = data === null || data.length > MAX_PARSED_LENGTH ? undefined : membersOf(data)
  if (!members) return { facts: [], message: undefined, text: textOf(data), job: {} }
  const message = members.get('message')
  if (typeof message === 'string') members.delete('message')
  const names = [...Object.keys(LABELS), ...[...members.keys()].filter((name) => !Object.hasOwn(LABELS, name))]
  const facts = names.flatMap((name) => factOf(name, members.get(name)))
  const isShownWhole = facts.length <= MAX_FACTS && [...members.values()].every(isShown)
  return {
    facts: facts.slice(0, MAX_FACTS),
    message: typeof message === 'string' ? textOf(message) : undefined,
    text: isShownWhole ? undefined : textOf(data),
    job: jobOf(members),
  }
}

const textOf = (text: string | null) =>
  text === null || text.trim() === '' ? undefined : truncate(printable(text), MAX_SHOWN_LENGTH)

/** Returns the members of a JSON object; undefined if the text is not one. */
function membersOf(data: string): Map<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(data)
    return isObject(value) ? new Map(Object.entries(value)) : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function factOf(name: string, value: unknown): Fact[] {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return []
  const text = printableLine(truncate(String(value), MAX_VALUE_LENGTH))
  return text === '' ? [] : [[Object.hasOwn(LABELS, name) ? (LABELS[name] ?? name) : labelOf(name), text]]
}

/** Turns `remoteJobId` into `Remote job id`. */
function labelOf(name: string): string {
  const words = printableLine(truncate(name, 60))
    .replace(/(?<=[a-z0-9])(?=[A-Z])/g, ' ')
    .toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** Returns whether a fact shows the value whole, or there is nothing to show. */
const isShown = (value: unknown) =>
  typeof value === 'string' ? value.length <= MAX_VALUE_LENGTH : typeof value !== 'object' || value === null

const jobOf = (members: ReadonlyMap<string, unknown>): JobData => ({
  name: wordOf(members.get('jobName')),
  newStatus: wordOf(members.get('newJobStatus')),
  oldStatus: wordOf(members.get('oldJobStatus')),
})

const wordOf = (value: unknown) =>
  typeof value === 'string' && value.trim() !== '' ? printableLine(truncate(value, 100)) : undefined
