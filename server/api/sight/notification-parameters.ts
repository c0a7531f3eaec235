import { NOTIFICATION_STATES } from '@tidings/contract/sight.ts'
import { inQuery } from '../openapi/openapi-parameters.ts'
import { CURSOR, FROM, LIMIT, of, TO } from './sight-parameters.ts'
import type { SightQuery } from './sight-query.ts'

export const STATE = inQuery('state', { type: 'string', enum: [...NOTIFICATION_STATES] }, 'What became of them.')
export const REASON = of('reason', 'Why the last attempt failed: `http_500`, `connect_refused`, ...')
export const PAGE = [FROM, TO, LIMIT, CURSOR]

/** Reads what every list of notifications takes. */
export const commonFilter = (query: SightQuery) => ({
  state: query.oneOf('state', NOTIFICATION_STATES),
  reason: query.text('reason'),
  from: query.instant('from'),
  to: query.instant('to'),
})
