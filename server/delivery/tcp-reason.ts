import type { FailureReason } from './send-result.ts'

const TCP_REASONS: Readonly<Record<string, FailureReason>> = {
  ECONNREFUSED: 'connect_refused',
  ETIMEDOUT: 'connect_timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
}

/** Returns why a TCP connection could not be established, from the operating system's error code. */
export const tcpReason = (code: string | undefined): FailureReason => TCP_REASONS[code ?? ''] ?? 'connect_failed'
