import { errorCode, hasCode } from '../runtime/error-code.ts'
import type { TlsRequest } from './tls-request.ts'

const REFUSED_BY_RULES = '28000'

/** In the words of pg, which gives it no code. */
const isWithoutTls = (error: Error) => error.message === 'The server does not support SSL connections'

/** Failures of TLS itself and of certificates (Node.js, "X509 certificate error codes"), which the next try meets as well. */
const OF_TLS = /CERT|SELF_SIGNED|^UNABLE_TO_|^ERR_(TLS|SSL|OSSL)_|^EPROTO$|^CRL_|^HOSTNAME_MISMATCH$|^INVALID_(CA|PURPOSE)$|^PATH_LENGTH_EXCEEDED$/

/** How long a pool remembers that the first way did not work. Short, so that one bad handshake does not cost the encryption for long. */
const KEPT_MS = 10_000

type Mode = TlsRequest['mode']

/** Whether a connection has TLS. The first way of prefer has it and that of allow has not; the other way is `isTurned`. */
export const wantsTls = (mode: Mode, isTurned: boolean) => (mode === 'allow' ? isTurned : mode === 'prefer' ? !isTurned : mode !== 'disable')

/** Whether a failure of a connection by this way is worth a try by the other one at once: for prefer and allow, as of libpq. */
export function isWorthTurning(mode: Mode, isTurned: boolean, error: unknown): boolean {
  if (mode !== 'prefer' && mode !== 'allow') return false
  return wantsTls(mode, isTurned) ? isTlsFailure(error) : hasCode(error, REFUSED_BY_RULES)
}

/** For how a pool connects: what the last failure said of the way. */
export interface TlsTurn {
  /** Whether the next connection goes the other way. */
  isTurned(): boolean
  /** Answers whether it is worth to connect once more at once, by the way that is now the next. */
  failed(mode: Mode, error: unknown): boolean
}

/** `now`: in ms, of a clock that never goes back. */
export function createTlsTurn(now = () => performance.now()): TlsTurn {
  let turnedUntil = -Infinity
  const isTurned = () => now() < turnedUntil

  return {
    isTurned,
    failed(mode, error) {
      // By the failure, not by what is remembered: of many connections that fail together the first one has changed that.
      const isOfFirstWay = isWorthTurning(mode, false, error)
      const isWorthIt = isOfFirstWay || (isTurned() && isWorthTurning(mode, true, error))
      turnedUntil = isOfFirstWay ? now() + KEPT_MS : -Infinity
      return isWorthIt
    },
  }
}

const isTlsFailure = (error: unknown) => error instanceof Error && (isWithoutTls(error) || OF_TLS.test(errorCode(error) ?? ''))

/** What an operator reads of it; undefined for a failure of another kind. */
export function tlsFailureText(error: Error): string | undefined {
  if (!isTlsFailure(error)) return undefined
  if (isWithoutTls(error)) return 'the server offers no TLS, and sslmode asks for it; switch it on there, or set sslmode=prefer or disable'
  return `TLS with the server failed: ${error.message}; name the file of its authority by sslrootcert, or set sslmode=require, which encrypts and does not verify`
}
