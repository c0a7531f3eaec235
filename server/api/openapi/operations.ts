import type { Operation } from './operation.ts'
import { EVENTS } from './operations-events.ts'
import { GENERAL } from './operations-general.ts'
import { LISTS } from './operations-lists.ts'
import { SUBSCRIPTIONS } from './operations-subscriptions.ts'
import { TEST_SEQUENCES } from './operations-test-sequences.ts'

/** One for each route. */
export const OPERATIONS: readonly Operation[] = [...GENERAL, ...LISTS, ...SUBSCRIPTIONS, ...EVENTS, ...TEST_SEQUENCES]
