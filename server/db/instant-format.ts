/**
 * For to_char of a timestamptz at UTC: an ISO instant with microseconds, as `instantText` (contract/event-text.ts)
 * reads it.
 */
export const INSTANT_FORMAT = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
