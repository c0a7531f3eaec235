import { cut, printable, printableLine } from './printable.ts'

/** A line of a mail: what it is, and its value. */
export type Fact = readonly [label: string, value: string]

/** `data` of an event, as far as it can be told in facts. */
export interface EventData {
  readonly facts: readonly Fact[]
  /** Free text for a person. */
  readonly message: string | undefined
  /** The data itself, when facts do not tell all of it. */
  readonly text: string | undefined
  /** Members that have a meaning in the data of the Jobs service (contract 8.3). */
  readonly job: JobData
}

export interface JobData {
  readonly name?: string | undefined
  readonly newStatus?: string | undefined
  readonly oldStatus?: string | undefined
}

/** Longer data is not looked into; Jobs sends at most 20 KiB. */
const MOST_PARSED = 64 * 1024
const MOST_SHOWN = 8 * 1024
const MOST_OF_VALUE = 500
const MOST_FACTS = 40

/** First, in this order, under these names; everything else follows under its own. `message` stands apart. */
const LABELS: Readonly<Record<string, string>> = {
  newJobStatus: 'New status', oldJobStatus: 'Previous status', jobStatus: 'Job status', jobName: 'Job', jobUuid: 'Job UUID', jobOwner: 'Job owner',
}

/** Tells a JSON object member by member, and any other text as it is. Pure; never throws, whatever the text. */
export function readEventData(data: string | null): EventData {
  const members = data === null || data.length > MOST_PARSED ? undefined : membersOf(data)
  if (!members) return { facts: [], message: undefined, text: textOf(data), job: {} }
  const message = members.get('message')
  if (typeof message === 'string') members.delete('message')
  const names = [...Object.keys(LABELS), ...[...members.keys()].filter((name) => !Object.hasOwn(LABELS, name))]
  const facts = names.flatMap((name) => factOf(name, members.get(name)))
  const isToldWhole = facts.length <= MOST_FACTS && [...members.values()].every(isTold)
  return {
    facts: facts.slice(0, MOST_FACTS),
    message: typeof message === 'string' ? textOf(message) : undefined,
    text: isToldWhole ? undefined : textOf(data),
    job: jobOf(members),
  }
}

const textOf = (text: string | null) => (text === null || text.trim() === '' ? undefined : cut(printable(text), MOST_SHOWN))

/** The members of a JSON object; undefined when the text is none. */
function membersOf(data: string): Map<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(data)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? new Map(Object.entries(value)) : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function factOf(name: string, value: unknown): Fact[] {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return []
  const text = printableLine(cut(String(value), MOST_OF_VALUE))
  return text === '' ? [] : [[Object.hasOwn(LABELS, name) ? LABELS[name] ?? name : labelOf(name), text]]
}

/** `remoteJobId` is told as `Remote job id`. */
function labelOf(name: string): string {
  const words = printableLine(cut(name, 60)).replace(/(?<=[a-z0-9])(?=[A-Z])/g, ' ').toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** A fact tells it, or there is nothing to tell. */
const isTold = (value: unknown) => (typeof value === 'string' ? value.length <= MOST_OF_VALUE : typeof value !== 'object' || value === null)

const jobOf = (members: ReadonlyMap<string, unknown>): JobData => ({
  name: wordOf(members.get('jobName')),
  newStatus: wordOf(members.get('newJobStatus')),
  oldStatus: wordOf(members.get('oldJobStatus')),
})

const wordOf = (value: unknown) => (typeof value === 'string' && value.trim() !== '' ? printableLine(cut(value, 100)) : undefined)
