import { parseInt32 } from '../http/int32.ts'
import type { Query } from '../http/query.ts'
import { inQuery } from '../openapi/openapi-parameters.ts'
import type { Parameter } from '../openapi/operation-description.ts'
import type { Violation } from '../violations.ts'
import { sanitize } from '../../runtime/display-text.ts'

/** The original has no limit, and publishes within the request. */
const MAX_EVENTS = 1000
const DEFAULT_TTL_MINUTES = 60
const DEFAULT_EVENTS = 1

/** What `parseBeginOptions` reads, for the OpenAPI document. */
export const BEGIN_PARAMETERS: readonly Parameter[] = [
  inQuery(
    'subscriptionTTL',
    { type: 'integer', default: DEFAULT_TTL_MINUTES },
    'Minutes until the subscription expires; 0 or less: it never expires.',
  ),
  inQuery(
    'numberOfEvents',
    { type: 'integer', default: DEFAULT_EVENTS, minimum: 1, maximum: MAX_EVENTS },
    'How many events to publish, one every three seconds.',
  ),
  inQuery('endSeries', { type: 'boolean', default: true }, 'Whether the last event ends its series.'),
]

export interface BeginOptions {
  /** 0 or less: never expires. */
  readonly ttlMinutes: number
  readonly startCount: number
  readonly endsSeries: boolean
}

/** Reads the query parameters of a begin, and names everything that is wrong with them (protocol 7.1). */
export function parseBeginOptions(query: Query): {
  readonly options: BeginOptions
  readonly violations: readonly Violation[]
} {
  const violations: Violation[] = []

  function read<T>(name: string, fallback: T, parse: (text: string) => T | undefined, rule: string): T {
    if (query.isRepeated(name)) {
      violations.push({
        code: 'TAPIS_QUERY_PARAM_MULTIPLE',
        text: `the query parameter ${name} is given more than once`,
      })
      return fallback
    }
    const text = query.text(name)
    const value = text === undefined ? fallback : parse(text)
    if (value === undefined)
      violations.push({
        code: 'NTFAPI_TEST_ERR1',
        text: `the query parameter ${name} must be ${rule}: ${sanitize(text ?? '')}`,
      })
    return value ?? fallback
  }

  const options = {
    ttlMinutes: read('subscriptionTTL', DEFAULT_TTL_MINUTES, parseInt32, 'a 32-bit whole number of minutes'),
    startCount: read('numberOfEvents', DEFAULT_EVENTS, countOf, `a whole number from 1 to ${MAX_EVENTS}`),
    endsSeries: read('endSeries', true, booleanOf, 'true or false'),
  }
  return { options, violations }
}

function countOf(text: string): number | undefined {
  const number = parseInt32(text)
  return number !== undefined && number >= 1 && number <= MAX_EVENTS ? number : undefined
}

function booleanOf(text: string): boolean | undefined {
  const word = text.toLowerCase()
  return word === 'true' ? true : word === 'false' ? false : undefined
}
