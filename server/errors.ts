/** Every code that the service answers with, its HTTP status and its sentence (Tapis message codes: contract 2.4). */
const CATALOGUE = {
  // Authentication, in the order of the decision table. Never 403: every refusal is 401.
  TAPIS_SECURITY_UNINITIALIZED_FILTER: [500, 'The site of this service is not among the configured sites'],
  TAPIS_SECURITY_MISSING_JWT_INFO: [401, 'The request has no X-Tapis-Token header'],
  TAPIS_SECURITY_JWT_EXPIRED: [401, 'The token has expired or is not valid yet'],
  TAPIS_SECURITY_JWT_PARSE_ERROR: [401, 'The token cannot be parsed or its signature does not verify'],
  TAPIS_SECURITY_JWT_NO_CLAIMS: [401, 'The token has no claims'],
  TAPIS_SECURITY_JWT_CLAIM_NOT_FOUND: [401, 'The token lacks a claim'],
  TAPIS_SECURITY_JWT_INVALID_ALG: [401, 'The token is not signed with RS256'],
  TAPIS_SECURITY_JWT_KEY_ERROR: [401, 'There is no key for the tenant of the token'],
  TAPIS_SECURITY_JWT_INVALID_CLAIM: [401, 'The token has an invalid claim'],
  TAPIS_SECURITY_TENANT_NOT_ALLOWED: [401, 'The tenant of the token may not act for the other tenant'],
  TAPIS_SECURITY_MISSING_HEADER: [401, 'A service token needs one more header'],
  TAPIS_SECURITY_JWT_WRONG_SITE: [401, 'The token is for another site'],
  TAPIS_SECURITY_USER_IN_ADMIN_TENANT: [401, 'A user token of the site admin tenant is not accepted'],
  TAPIS_SECURITY_UNEXPECTED_HEADER: [401, 'A user token must come without this header'],
  TAPIS_SECURITY_JWT_MISSING_SITE: [401, 'The site of the token\'s tenant is unknown'],
  TAPIS_SECURITY_INTERSITE_COMM: [401, 'Only the primary site may call from outside this site'],
  TAPIS_SECURITY_NO_LOCAL_SERVICE: [401, 'This site does not run the notifications service'],
  TAPIS_SECURITY_UNKNOWN_SITE: [401, 'The site of the token\'s tenant is unknown'],
  TAPIS_SECURITY_SOURCE_SITE_SERVICE: [401, 'The site of the token\'s tenant runs its own notifications service'],
  TAPIS_SECURITY_RESTRICTED_SERVICE: [401, 'This service may not call the notifications service of this site'],
  NTFLIB_UNAUTH: [401, 'Only services may do this'],
  NTFLIB_EVENT_UNAUTH: [401, 'Only services may publish events or end a series'],
  NTFLIB_SUBSCR_UNAUTH: [401, 'The caller may not do this with the subscription'],
  NTFLIB_UNAUTH1: [401, 'Only services may use anyOwner'],
  NTFLIB_UNAUTH2: [401, 'The caller may not use ownedBy for another owner'],
  NTFAPI_SUBSCR_UNAUTH: [401, 'Only services may create subscriptions'],

  // Requests that cannot be read.
  TAPIS_JSON_VALIDATION_ERROR: [400, 'The request does not have the form that this operation takes'],
  NTFAPI_BAD_REQUEST: [400, 'The request cannot be read'],
  NTFAPI_ROUTE_NOT_FOUND: [404, 'There is no such address; the documentation names them all'],
  NTFAPI_METHOD_NOT_ALLOWED: [405, 'The address does not take this method'],
  NTFAPI_BODY_TOO_LARGE: [413, 'The request body is larger than this operation takes'],
  NTFAPI_UNSUPPORTED_MEDIA_TYPE: [415, 'The request body must be application/json'],
  NTFAPI_UNSUPPORTED_ENCODING: [415, 'The request body must not be compressed'],
  TAPIS_QUERY_PARAM_MULTIPLE: [400, 'A query parameter is given more than once'],
  TAPIS_QUERY_PARAM_NOTINT: [400, 'A query parameter is not an integer'],
  TAPIS_QUERY_PARAM_ORDERBY_ERROR: [400, 'The query parameter orderBy is malformed'],
  TAPIS_QUERY_PARAM_INVALID_PAIR1: [400, 'The query parameter startAfter needs orderBy'],
  TAPIS_QUERY_PARAM_INVALID_PAIR2: [400, 'The query parameters startAfter and skip exclude each other'],
  NTFAPI_REQUEST_TIMEOUT: [408, 'The request did not arrive in time'],
  NTFAPI_URI_TOO_LONG: [414, 'A part of the address is longer than 4096 characters'],
  NTFAPI_HTTP_VERSION: [505, 'The service speaks HTTP/1.1 and HTTP/1.0'],
  NTFAPI_HEADERS_TOO_LARGE: [431, 'The headers of the request are larger than 16 KiB'],

  // Events.
  NTFLIB_EVENT_SVC_NOMATCH: [400, 'The first section of the event type must be the name of the publishing service'],
  NTFAPI_EVENT_ATTR_ERR: [400, 'The event has a text that cannot be stored'],
  NTFAPI_IDEMPOTENCY_KEY_ERR: [400, 'Idempotency-Key must be 1 to 255 printable ASCII characters'],
  NTFAPI_IDEMPOTENCY_KEY_REUSED: [422, 'The Idempotency-Key stands for another content, which was published before; nothing was stored. What is new needs a new key'],
  NTFAPI_EVENT_POST_ERR: [503, 'The event was not stored; try again'],
  NTFAPI_EVENT_ENDSERIES_ERR: [503, 'The end of the series was not stored; try again'],
  NTFAPI_PUBLISH_UNKNOWN: [503, 'It is not known whether the event was stored; it may exist, once'],
  NTFAPI_BUSY: [503, 'Too many events wait for storage; try again'],

  // Subscriptions.
  NTFAPI_CREATE_INVALID_ERRORLIST: [400, 'The subscription is not valid'],
  NTFAPI_SUBSCR_UPDATE_ERROR: [400, 'The change of the subscription is not valid'],
  NTFLIB_SUBSCR_TTL_NOTINT: [400, 'The time to live must be a whole number of minutes'],
  NTFAPI_SUBSCR_EXISTS: [409, 'A subscription of this name exists already'],
  NTFAPI_NOT_FOUND: [404, 'There is no such subscription'],
  NTFAPI_NOT_FOUND_BY_UUID: [404, 'There is no subscription with this uuid'],
  NTFAPI_GET_BY_UUID_ERROR: [400, 'The uuid is malformed'],
  NTFAPI_SUBSCR_DEL_BY_SUBJ_ERROR: [400, 'The subject is blank'],

  // Lists and search.
  NTFAPI_SEARCH_ERROR: [400, 'The search conditions are not valid'],
  NTFLIB_DB_NO_COLUMN_SORT: [400, 'There is no such attribute to sort by'],
  NTFAPI_SEARCH_TIMEOUT: [503, 'The search took too long; ask for less, or by more specific conditions'],
  NTFAPI_LISTS_BUSY: [503, 'Too many long lists are being read; try again, or ask for pages by limit and skip'],

  // Test sequences.
  NTFAPI_TEST_ERR1: [400, 'The test sequence cannot be started like this'],
  NTFAPI_TEST_TOO_MANY: [429, 'Too many test sequences are running; try again when one of them is over or deleted'],
  NTFLIB_TEST_DEL_NOT_SEQ: [400, 'The subscription is not one of a test sequence'],
  NTFAPI_TEST_NOTIF_UUID_ERR: [400, 'The uuid of the notification is malformed'],
  NTFAPI_TEST_USR_ERR: [400, 'The event of the notification needs a tenant and a user'],
  NTFAPI_TEST_EVENT_UUID_ERR: [400, 'The event of the notification needs a uuid'],
  NTFAPI_TEST_NOTIF_ERR: [400, 'This is no notification of a test sequence'],
  NTFAPI_TEST_RECORD_NO_TEST: [404, 'There is no test sequence for this notification'],

  // Our side.
  NTFAPI_CALLER_BUSY: [503, 'The caller has too many requests under way; try again when some of them are answered'],
  NTFAPI_ADMIN_CHECK_ERR: [503, 'It cannot be found out at the moment whether the caller is a tenant administrator; try again'],
  NTFAPI_UNAVAILABLE: [503, 'The service cannot answer at the moment; try again'],
  NTFAPI_INTERNAL: [500, 'The service failed; the fault is logged'],
} as const satisfies Record<string, readonly [number, string]>

export type ErrorCode = keyof typeof CATALOGUE

export interface AppErrorOptions {
  /** `Key: value` pairs that follow the sentence. */
  readonly details?: Readonly<Record<string, string | number>>
  /** Every fault of the input, one line each. */
  readonly faults?: readonly string[]
  /** Seconds for a Retry-After header. */
  readonly retryAfterS?: number
  readonly cause?: unknown
}

/** A refusal or failure that the service answers in the Tapis envelope. Anything else that is thrown is a bug. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly httpStatus: number
  readonly retryAfterS: number | undefined

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(messageOf(code, options), { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.httpStatus = CATALOGUE[code][0]
    this.retryAfterS = options.retryAfterS
  }
}

/** `<CODE> <sentence>. Key: value ...` and one indented line per fault. */
function messageOf(code: ErrorCode, { details = {}, faults = [] }: AppErrorOptions): string {
  const pairs = Object.entries(details).map(([key, value]) => ` ${key}: ${value}`)
  const lines = faults.map((fault, index) => `\n  #${index + 1} ${fault}`)
  return `${code} ${CATALOGUE[code][1]}.${pairs.join('')}${lines.join('')}`
}
