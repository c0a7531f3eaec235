import { SubscriptionSearch } from '@tidings/contract/search.ts'
import { createBodyCheck } from '../body-check.ts'
import { readBody } from '../json-body.ts'
import type { Query } from '../query.ts'
import { refuseIfAny, schemaFault, type Fault } from '../refusal.ts'
import type { Answer, Call, StreamedAnswer } from '../route.ts'
import { readConditionText } from '../search/condition-text.ts'
import { readFreeForm } from '../search/free-form.ts'
import type { Reading } from '../search/reading.ts'
import { readSqlLike } from '../search/sql-like/search.ts'
import { createListing, type ListingParts } from './listing.ts'
import { readListParameters } from './parameters.ts'

type ListOperation = (call: Call) => Promise<Answer | StreamedAnswer>

export interface ListOperations {
  /** Conditions in the one parameter `search`. */
  readonly list: ListOperation
  /** Every parameter that means nothing else is a condition. `search` is ignored, as in the original. */
  readonly searchByParameters: ListOperation
  /** Conditions in the body; without any it is `list`. */
  readonly searchByBody: ListOperation
}

const checkSearch = createBodyCheck(SubscriptionSearch)

/** The three ways to ask for a list (contract 4.1 to 4.4). Whatever is wrong with a request is said at once. */
export function createListOperations(parts: ListingParts): ListOperations {
  const list = createListing(parts)

  async function answer(call: Call, conditions: Reading, bodyFaults: readonly Fault[] = []): Promise<Answer | StreamedAnswer> {
    const reading = readListParameters(call.query)
    const faults = [...bodyFaults, ...(reading.kind === 'faults' ? reading.faults : []), ...searchFaults(conditions)]
    refuseIfAny(faults)
    if (reading.kind === 'faults' || conditions.kind === 'faults') throw new Error('a refusal has no faults')
    return list(call, reading.parameters, conditions.condition)
  }

  return {
    list: (call) => answer(call, readSearch(call.query)),
    searchByParameters: (call) => answer(call, readFreeForm(call.query.entries())),
    searchByBody(call) {
      const { checked } = readBody(call.body, checkSearch)
      if (checked.kind === 'invalid') return answer(call, NOTHING, checked.faults.map(schemaFault))
      const { search } = checked.value
      return answer(call, search.every((text) => text.trim() === '') ? readSearch(call.query) : readSqlLike(search))
    },
  }
}

const NOTHING: Reading = { kind: 'condition', condition: undefined }

/** A repeated parameter is a fault of its own. */
const readSearch = (query: Query): Reading => (query.isRepeated('search') ? NOTHING : readConditionText(query.text('search') ?? ''))

const searchFaults = (reading: Reading): Fault[] => (reading.kind === 'faults' ? reading.faults.map((text) => ({ code: 'NTFAPI_SEARCH_ERROR', text })) : [])

