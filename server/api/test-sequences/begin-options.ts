import { parseInt32 } from '../int32.ts'
import type { Query } from '../query.ts'
import type { Fault } from '../refusal.ts'
import { shown } from '../shown-text.ts'

/** The original knows no most, and publishes within the request. */
const MOST_EVENTS = 1000
const DEFAULT_TTL_MINUTES = 60

export interface BeginOptions {
  /** 0 or less: never expires. */
  readonly ttlMinutes: number
  readonly startCount: number
  readonly endsSeries: boolean
}

/** Reads the query parameters of a begin, and says everything that is wrong with them (contract 7.1). */
export function readBeginOptions(query: Query): { readonly options: BeginOptions; readonly faults: readonly Fault[] } {
  const faults: Fault[] = []

  function read<T>(name: string, fallback: T, parse: (text: string) => T | undefined, rule: string): T {
    if (query.isRepeated(name)) {
      faults.push({ code: 'TAPIS_QUERY_PARAM_MULTIPLE', text: `the query parameter ${name} is given more than once` })
      return fallback
    }
    const text = query.text(name)
    const value = text === undefined ? fallback : parse(text)
    if (value === undefined) faults.push({ code: 'NTFAPI_TEST_ERR1', text: `the query parameter ${name} must be ${rule}: ${shown(text ?? '')}` })
    return value ?? fallback
  }

  const options = {
    ttlMinutes: read('subscriptionTTL', DEFAULT_TTL_MINUTES, parseInt32, 'a whole number of minutes, of 32 bits'),
    startCount: read('numberOfEvents', 1, countOf, `a whole number from 1 to ${MOST_EVENTS}`),
    endsSeries: read('endSeries', true, booleanOf, 'true or false'),
  }
  return { options, faults }
}

function countOf(text: string): number | undefined {
  const number = parseInt32(text)
  return number !== undefined && number >= 1 && number <= MOST_EVENTS ? number : undefined
}

function booleanOf(text: string): boolean | undefined {
  const word = text.toLowerCase()
  return word === 'true' ? true : word === 'false' ? false : undefined
}
