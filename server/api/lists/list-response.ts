import type { ApiResponse, RequestContext, StreamedResponse } from '../http/route.ts'
import type { Query } from '../http/query.ts'
import { parseConditionText } from '../search/condition-text.ts'
import type { ParseResult } from '../search/parse-result.ts'
import { rejectIfAny, type Violation } from '../violations.ts'
import { parseListParameters } from './list-parameters.ts'
import type { ListSubscriptions } from './list-subscriptions.ts'

export const NO_CONDITION: ParseResult = { kind: 'condition', condition: undefined }

/**
 * Lists the subscriptions that fulfil the conditions. Throws one rejection that names every violation of the request.
 */
export async function listResponse(
  list: ListSubscriptions,
  context: RequestContext,
  conditions: ParseResult,
  bodyViolations: readonly Violation[] = [],
): Promise<ApiResponse | StreamedResponse> {
  const parsed = parseListParameters(context.query)
  rejectIfAny([
    ...bodyViolations,
    ...(parsed.kind === 'invalid' ? parsed.violations : []),
    ...searchViolations(conditions),
  ])
  if (parsed.kind === 'invalid' || conditions.kind === 'invalid') throw new Error('invalid without a violation')
  return list(context, parsed.parameters, conditions.condition)
}

/** Reads the conditions in the parameter `search`. A repeated one is a violation that `parseListParameters` names. */
export const parseSearch = (query: Query): ParseResult =>
  query.isRepeated('search') ? NO_CONDITION : parseConditionText(query.text('search') ?? '')

const searchViolations = (parsed: ParseResult): Violation[] =>
  parsed.kind === 'invalid' ? parsed.violations.map((text) => ({ code: 'NTFAPI_SEARCH_ERROR', text })) : []
