import { errorCode } from '../../runtime/error-code.ts'
import { UnusableBroker } from '../broker.ts'

/** Rejections by the broker, and failures of TLS, that the same request will meet again. */
const PERMANENT_CODES = new Set([
  'ACCESS_REFUSED',
  'NOT_ALLOWED',
  'PRECONDITION_FAILED',
  'NOT_IMPLEMENTED',
  'VERSION_MISMATCH',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_SIGNATURE_FAILURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** Returns the code of a failure, which anybody may read; its message has names and addresses and is for the log. */
export function codeInBrackets(error: unknown): string {
  const code = errorCode(error instanceof UnusableBroker ? error.cause : error)
  return code === undefined ? '' : ` (${code})`
}

/**
 * What a person has to change before it can work, if the failure is of that kind. `what` names what was asked for. The
 * library begins with the name of the request, which a connection has none of.
 */
export function unusableBroker(error: unknown, what: string): UnusableBroker | undefined {
  return error instanceof Error && PERMANENT_CODES.has(errorCode(error) ?? '')
    ? new UnusableBroker(`${what}: ${error.message.replace(/^undefined: /, '')}${adviceFor(error.message)}`, error)
    : undefined
}

/** The virtual host is the one thing that the service cannot create itself. */
function adviceFor(message: string): string {
  const [, vhost] = /NOT_ALLOWED - vhost (.+) not found/.exec(message) ?? []
  return vhost === undefined ? '' : `; create it: rabbitmqctl add_vhost '${vhost}', and give the user its permissions`
}
