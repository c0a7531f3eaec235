import { errorCode, hasCode } from '../runtime/error-code.ts'
import type { TlsSettings } from './tls-settings.ts'

const REFUSED_BY_RULES = '28000'

/** pg gives this error no code. */
const isWithoutTls = (error: Error) => error.message === 'The server does not support SSL connections'

/** Failures of TLS and of certificates (Node.js, "X509 certificate error codes"), which the next try meets as well. */
const TLS_CODES = [
  /CERT|SELF_SIGNED|^UNABLE_TO_|^CRL_/,
  /^ERR_(TLS|SSL|OSSL)_|^EPROTO$/,
  /^(HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED)$/,
]

/** How long a pool remembers that the first choice failed. Short, so that one bad handshake disables TLS briefly. */
const FALLBACK_MS = 10_000

type Mode = TlsSettings['mode']

/** Returns whether a connection uses TLS. `prefer` begins with TLS and `allow` without; the fallback is the other. */
export const wantsTls = (mode: Mode, usesFallback: boolean) =>
  mode === 'allow' ? usesFallback : mode === 'prefer' ? !usesFallback : mode !== 'disable'

/** Returns whether the other choice is to be tried at once after this failure: for prefer and allow, as in libpq. */
export function shouldFallBack(mode: Mode, usesFallback: boolean, error: unknown): boolean {
  if (mode !== 'prefer' && mode !== 'allow') return false
  return wantsTls(mode, usesFallback) ? isTlsFailure(error) : hasCode(error, REFUSED_BY_RULES)
}

/** Which choice of TLS a pool uses, as its last failure suggests. */
export interface TlsFallback {
  /** Whether the next connection uses the fallback. */
  isActive(): boolean
  /** Returns whether to connect once more at once, as `isActive` now says. */
  failed(mode: Mode, error: unknown): boolean
}

/** `now`: in ms, of a monotonic clock. */
export function createTlsFallback(now = () => performance.now()): TlsFallback {
  let activeUntil = -Infinity
  const usesFallback = () => now() < activeUntil

  return {
    isActive: usesFallback,
    failed(mode, error) {
      // Decided by the failure, not by the state: of many connections that fail together the first has changed it.
      const isFirstChoice = shouldFallBack(mode, false, error)
      const retriesAtOnce = isFirstChoice || (usesFallback() && shouldFallBack(mode, true, error))
      activeUntil = isFirstChoice ? now() + FALLBACK_MS : -Infinity
      return retriesAtOnce
    },
  }
}

const isTlsFailure = (error: unknown) =>
  error instanceof Error && (isWithoutTls(error) || TLS_CODES.some((codes) => codes.test(errorCode(error) ?? '')))

/** Returns a failure of TLS in words for an operator; undefined: it is another kind of failure. */
export function tlsFailureText(error: Error): string | undefined {
  if (!isTlsFailure(error)) return undefined
  if (isWithoutTls(error))
    return 'the server does not offer TLS, but sslmode requires it; turn it on there, or set sslmode=prefer or disable'
  return (
    `TLS with the server failed: ${error.message}; set sslrootcert to the file of its authority, ` +
    'or set sslmode=require, which encrypts but does not verify'
  )
}
