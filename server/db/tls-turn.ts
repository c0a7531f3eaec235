import { errorCode, hasCode } from '../runtime/error-code.ts'
import type { TlsRequest } from './tls-request.ts'

const REFUSED_BY_RULES = '28000'

/** In the words of pg, which gives it no code. */
const isWithoutTls = (error: Error) => error.message === 'The server does not support SSL connections'

/** Failures of TLS itself and of certificates (Node.js, "X509 certificate error codes"), which the next try meets as well. */
const OF_TLS = /CERT|SELF_SIGNED|^UNABLE_TO_|^ERR_(TLS|SSL|OSSL)_|^EPROTO$|^CRL_|^HOSTNAME_MISMATCH$|^INVALID_(CA|PURPOSE)$|^PATH_LENGTH_EXCEEDED$/

/** Addresses whose first choice did not work: prefer goes without TLS then, allow with it. */
const turned = new Set<string>()

/** Whether the next connection to this address shall have TLS. */
export const wantsTls = (url: string, { mode }: TlsRequest) => (mode === 'allow' ? turned.has(url) : mode === 'prefer' ? !turned.has(url) : mode !== 'disable')

/** Whether a failed connection is worth another try at once, by the other way: for prefer and allow, as of libpq. */
export function turns(url: string, { mode }: TlsRequest, error: unknown): boolean {
  const isReason = mode === 'prefer' ? isTlsFailure(error) : mode === 'allow' && hasCode(error, REFUSED_BY_RULES)
  if (isReason) turned.add(url)
  return isReason
}

const isTlsFailure = (error: unknown) => error instanceof Error && (isWithoutTls(error) || OF_TLS.test(errorCode(error) ?? ''))

/** What an operator reads of it; undefined for a failure of another kind. */
export function tlsFailureText(error: Error): string | undefined {
  if (!isTlsFailure(error)) return undefined
  if (isWithoutTls(error)) return 'the server offers no TLS, and sslmode asks for it; switch it on there, or set sslmode=prefer or disable'
  return `TLS with the server failed: ${error.message}; name the file of its authority by sslrootcert, or set sslmode=require, which encrypts and does not verify`
}
