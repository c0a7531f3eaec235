import { messageText, type MessageParts } from '@tidings/contract/message-text.ts'
import { ExpectedFailure } from '../runtime/expected-failure.ts'

/**
 * Every error that is thrown for a caller: code, HTTP status, sentence. Programs evaluate the codes, so these stay; the
 * sentences may change (protocol 2.4).
 */
const CATALOGUE = {
  // Authentication, in the order of the decision table (protocol 1.4). Never 403: 401, and 500 for row 3.
  TAPIS_SECURITY_UNINITIALIZED_FILTER: [500, 'The site of this service is not among the configured sites'],
  TAPIS_SECURITY_MISSING_JWT_INFO: [401, 'The request has no X-Tapis-Token header'],
  TAPIS_SECURITY_JWT_EXPIRED: [401, 'The token has expired or is not valid yet'],
  TAPIS_SECURITY_JWT_PARSE_ERROR: [401, 'The token cannot be parsed, or its signature is not valid'],
  TAPIS_SECURITY_JWT_NO_CLAIMS: [401, 'The token has no claims'],
  TAPIS_SECURITY_JWT_CLAIM_NOT_FOUND: [401, 'The token lacks a claim'],
  TAPIS_SECURITY_JWT_INVALID_ALG: [401, 'The token is not signed with RS256'],
  TAPIS_SECURITY_JWT_KEY_ERROR: [401, 'There is no key for the tenant of the token'],
  TAPIS_SECURITY_JWT_INVALID_CLAIM: [401, 'The token has an invalid claim'],
  TAPIS_SECURITY_TENANT_NOT_ALLOWED: [401, 'The tenant of the token may not act for the requested tenant'],
  TAPIS_SECURITY_MISSING_HEADER: [401, 'A header that a service token requires is missing'],
  TAPIS_SECURITY_JWT_WRONG_SITE: [401, 'The token is for another site'],
  TAPIS_SECURITY_USER_IN_ADMIN_TENANT: [401, 'User tokens of the site admin tenant are not accepted'],
  TAPIS_SECURITY_UNEXPECTED_HEADER: [401, 'A user token must be sent without this header'],
  TAPIS_SECURITY_JWT_MISSING_SITE: [401, "The token's tenant has no site"],
  TAPIS_SECURITY_INTERSITE_COMM: [401, 'Only the primary site may call from outside this site'],
  TAPIS_SECURITY_NO_LOCAL_SERVICE: [401, 'This site does not run the notifications service'],
  TAPIS_SECURITY_UNKNOWN_SITE: [401, "The site of the token's tenant is unknown"],
  TAPIS_SECURITY_SOURCE_SITE_SERVICE: [401, "The site of the token's tenant runs its own notifications service"],
  TAPIS_SECURITY_RESTRICTED_SERVICE: [401, 'This service may not call the notifications service of this site'],

  // Authorization (protocol 1.7).
  NTFLIB_UNAUTH: [401, 'Only services may do this'],
  NTFLIB_EVENT_UNAUTH: [401, 'Only services may publish events or end a series'],
  NTFLIB_SUBSCR_UNAUTH: [401, 'The caller may not perform this operation on the subscription'],
  NTFLIB_UNAUTH1: [401, 'Only services may use anyOwner'],
  NTFLIB_UNAUTH2: [401, 'The caller may not use ownedBy for another owner'],
  NTFAPI_SUBSCR_UNAUTH: [401, 'Only services may create subscriptions'],

  // Requests that cannot be read.
  TAPIS_JSON_VALIDATION_ERROR: [400, 'The request is not valid for this operation'],
  NTFAPI_BAD_REQUEST: [400, 'The request cannot be read'],
  NTFAPI_ROUTE_NOT_FOUND: [404, 'There is no such path; the documentation lists all of them'],
  NTFAPI_METHOD_NOT_ALLOWED: [405, 'The path does not support this method'],
  NTFAPI_BODY_TOO_LARGE: [413, 'The request body is larger than this operation accepts'],
  NTFAPI_UNSUPPORTED_MEDIA_TYPE: [415, 'The request body must be application/json'],
  NTFAPI_UNSUPPORTED_ENCODING: [415, 'The request body must not be compressed'],
  TAPIS_QUERY_PARAM_MULTIPLE: [400, 'A query parameter is given more than once'],
  TAPIS_QUERY_PARAM_NOTINT: [400, 'A query parameter is not an integer'],
  TAPIS_QUERY_PARAM_ORDERBY_ERROR: [400, 'The query parameter orderBy is malformed'],
  TAPIS_QUERY_PARAM_INVALID_PAIR1: [400, 'The query parameter startAfter needs orderBy'],
  TAPIS_QUERY_PARAM_INVALID_PAIR2: [400, 'The query parameters startAfter and skip are mutually exclusive'],
  NTFAPI_REQUEST_TIMEOUT: [408, 'The request did not arrive in time'],
  NTFAPI_URI_TOO_LONG: [414, 'A part of the path is longer than 4096 characters'],
  NTFAPI_HTTP_VERSION: [505, 'The service supports only HTTP/1.1 and HTTP/1.0'],
  NTFAPI_HEADERS_TOO_LARGE: [431, 'The headers of the request are larger than 16 KiB'],

  // Events.
  NTFLIB_EVENT_SVC_NOMATCH: [400, 'The first section of the event type must be the name of the publishing service'],
  NTFAPI_EVENT_ATTR_ERR: [400, 'The event contains text that cannot be stored'],
  NTFAPI_IDEMPOTENCY_KEY_ERR: [400, 'Idempotency-Key must be 1 to 255 printable ASCII characters'],
  NTFAPI_IDEMPOTENCY_KEY_REUSED: [
    422,
    'The Idempotency-Key was used before with different content; nothing was stored. ' +
      'Use a new key for new content',
  ],
  NTFAPI_EVENT_POST_ERR: [503, 'The event was not stored; try again'],
  NTFAPI_EVENTS_POST_ERR: [503, 'None of the events was stored; try again'],
  NTFAPI_EVENT_FOLLOWS_FAILED: [
    503,
    'The event was not stored, because an earlier event of its series in the batch was not; ' +
      'send both again, in this order',
  ],
  NTFAPI_EVENT_ENDSERIES_ERR: [503, 'The end of the series was not stored; try again'],
  NTFAPI_PUBLISH_UNKNOWN: [503, 'It is not known whether the event was stored; if it was, then only once'],
  NTFAPI_BUSY: [503, 'Too many events are waiting to be stored; try again'],
  NTFAPI_EVENT_QUOTA: [429, 'The tenant has used up its quota of events; nothing was stored. Try again later'],

  // Subscriptions.
  NTFAPI_CREATE_INVALID_ERRORLIST: [400, 'The subscription is not valid'],
  NTFAPI_SUBSCR_UPDATE_ERROR: [400, 'The change to the subscription is not valid'],
  NTFLIB_SUBSCR_TTL_NOTINT: [400, 'The time to live must be a whole number of minutes'],
  NTFAPI_SUBSCR_EXISTS: [409, 'A subscription with this name already exists'],
  NTFAPI_NOT_FOUND: [404, 'There is no such subscription'],
  NTFAPI_NOT_FOUND_BY_UUID: [404, 'There is no subscription with this uuid'],
  NTFAPI_GET_BY_UUID_ERROR: [400, 'The uuid is malformed'],
  NTFAPI_SUBSCR_DEL_BY_SUBJ_ERROR: [400, 'The subject is blank'],

  // Lists and search.
  NTFAPI_SEARCH_ERROR: [400, 'The search conditions are not valid'],
  NTFLIB_DB_NO_COLUMN_SORT: [400, 'The attribute to sort by does not exist'],
  NTFAPI_SEARCH_TIMEOUT: [503, 'The search took too long; set a lower limit or more specific conditions'],
  NTFAPI_LISTS_BUSY: [503, 'Too many long lists are being read; try again, or read pages with limit and skip'],

  // Test sequences.
  NTFAPI_TEST_ERR1: [400, 'The test sequence cannot be started with these parameters'],
  NTFAPI_TEST_TOO_MANY: [429, 'Too many test sequences are running; try again when one has finished or been deleted'],
  NTFLIB_TEST_DEL_NOT_SEQ: [400, 'The subscription does not belong to a test sequence'],
  NTFAPI_TEST_NOTIF_UUID_ERR: [400, 'The uuid of the notification is malformed'],
  NTFAPI_TEST_USR_ERR: [400, 'The event of the notification needs a tenant and a user'],
  NTFAPI_TEST_EVENT_UUID_ERR: [400, 'The event of the notification needs a uuid'],
  NTFAPI_TEST_NOTIF_ERR: [400, 'This is not a notification of a test sequence'],
  NTFAPI_TEST_RECORD_NO_TEST: [404, 'There is no test sequence for this notification'],

  // Limits and failures of the service, in any operation.
  NTFAPI_CALLER_BUSY: [503, 'The caller has too many requests in progress; try again when some of them have finished'],
  NTFAPI_ADMIN_CHECK_ERR: [
    503,
    'The service cannot currently determine whether the caller is a tenant administrator; try again',
  ],
  NTFAPI_UNAVAILABLE: [503, 'The service is temporarily unavailable; try again'],
  NTFAPI_INTERNAL: [500, 'An internal error occurred; it was logged'],
} as const satisfies Record<string, readonly [number, string]>

export type ErrorCode = keyof typeof CATALOGUE

export interface AppErrorOptions {
  /** `Key: value` pairs that follow the sentence. Whoever throws has sanitized what comes from a request. */
  readonly details?: Readonly<Record<string, string | number>>
  /** What is wrong with the request, one line each, sanitized. */
  readonly violations?: readonly string[]
  /** Seconds for a Retry-After header. */
  readonly retryAfterS?: number
  readonly cause?: unknown
}

/** A rejection or failure for the caller. `toAppError` maps what else is thrown; what it does not know is a bug. */
export class AppError extends ExpectedFailure {
  readonly code: ErrorCode
  readonly httpStatus: number
  /** What `message` is composed of. `errorMessage` composes it again, with the pairs of the caller first. */
  readonly parts: MessageParts
  readonly retryAfterS: number | undefined

  constructor(code: ErrorCode, { details = {}, violations = [], retryAfterS, cause }: AppErrorOptions = {}) {
    const [httpStatus, sentence] = CATALOGUE[code]
    const parts = { code, sentence, pairs: Object.entries(details), violations }
    super(messageText(parts), { cause })
    this.name = 'AppError'
    this.code = code
    this.httpStatus = httpStatus
    this.parts = parts
    this.retryAfterS = retryAfterS
  }
}
