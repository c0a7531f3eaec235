import type { LookupAddress } from 'node:dns'
import { isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Log } from '../log.ts'
import type { AddressGuard } from './address-guard.ts'
import { connectFirst } from '../runtime/connect-first.ts'
import { startDeadline } from '../runtime/deadline.ts'
import { errorCode } from '../runtime/error-code.ts'
import { createLogLimit } from '../runtime/log-limit.ts'
import type { Resolve } from './resolve.ts'
import type { FailureReason } from './send-result.ts'

/** No connection came about, so nothing of a request was written. */
export class ConnectError extends Error {
  readonly reason: FailureReason

  constructor(reason: FailureReason, cause?: unknown) {
    super(reason, { cause })
    this.name = 'ConnectError'
    this.reason = reason
  }
}

export interface ConnectTarget {
  readonly hostname: string
  readonly port: number
  readonly isSecure: boolean
  /** See `AddressGuard.isOwnCallback`. */
  readonly isOwn: boolean
}

export interface GuardedConnectParts {
  readonly guard: AddressGuard
  readonly resolve: Resolve
  readonly log: Log
  /** For everything from the name to the end of the TLS handshake. */
  readonly connectMs: number
  /** Certificates that are trusted instead of the usual ones. */
  readonly ca?: string | undefined
}

/** What there is to be given up. */
interface Progress {
  onTrying(stop: () => void): void
  onSocket(socket: Socket): void
}

type Done = (error: ConnectError | null, socket: Socket | null) => void

/** Calls `done` once, never at once. The function that it returns gives the attempt up; `done` gets an error then, too. */
export type GuardedConnect = (target: ConnectTarget, done: Done) => () => void

/**
 * Connects only where the guard allows. A name is resolved once, every address it has is judged, and the connection goes to
 * those very addresses, so a name that changes its mind meanwhile gains nothing. One forbidden address refuses the name.
 * Of several addresses the first that answers is taken.
 */
export function createGuardedConnect({ guard, resolve, log, connectMs, ca }: GuardedConnectParts): GuardedConnect {
  const limit = createLogLimit()

  function refuseForbidden({ hostname, isOwn }: ConnectTarget, addresses: readonly string[]): void {
    for (const address of addresses) {
      const verdict = guard.judge(address, { isOwn })
      if (verdict.kind === 'allowed') continue
      const { range } = verdict
      limit(`${hostname} ${address}`, (suppressed) => log.info({ host: hostname, address, range, suppressed }, 'webhook address refused'))
      throw new ConnectError('address_refused')
    }
  }

  async function connect(target: ConnectTarget, { onSocket, onTrying }: Progress): Promise<void> {
    const addresses = await resolve(target.hostname).catch((error: unknown) => {
      limit(target.hostname, (suppressed) => log.info({ host: target.hostname, code: errorCode(error), suppressed }, 'webhook host cannot be found'))
      throw new ConnectError('dns', error)
    })
    refuseForbidden(target, addresses.map(({ address }) => address))
    const tcp = await firstOf(addresses, target.port, onTrying)
    onSocket(tcp)
    // The fuse behind the fuse: what the kernel says it connected to, before the first byte is written.
    refuseForbidden(target, [tcp.remoteAddress ?? ''])
    if (!target.isSecure) return
    const tls = connectTls({ socket: tcp, host: bareName(target.hostname), ...serverName(target.hostname), ALPNProtocols: ['http/1.1'], ...(ca !== undefined && { ca }) })
    onSocket(tls)
    await secured(tls)
  }

  return (target, done) => {
    let socket: Socket | undefined
    let isOver = false
    let stopTrying: () => void = () => undefined
    const end = (error: ConnectError | undefined) => {
      if (isOver) return
      isOver = true
      stopDeadline()
      stopTrying()
      if (error) socket?.destroy()
      done(error ?? null, error ? null : (socket ?? null))
    }
    const stopDeadline = startDeadline(connectMs, () => end(new ConnectError('connect_timeout')))
    const progress: Progress = {
      onTrying(stop) {
        stopTrying = stop
        if (isOver) stop()
      },
      onSocket(opening) {
        // Stays for good: an error must find a listener, whoever holds the socket.
        socket = opening.on('error', () => undefined)
        if (isOver) opening.destroy()
      },
    }
    const hand = () => end(socket?.destroyed === false ? undefined : new ConnectError('connect_failed'))
    connect(target, progress).then(hand, (error: unknown) => end(error instanceof ConnectError ? error : new ConnectError('connect_failed', error)))
    return () => end(new ConnectError('connect_failed'))
  }
}

/** The address that answers first. Settles never when it is given up. */
const firstOf = (addresses: readonly LookupAddress[], port: number, onTrying: Progress['onTrying']): Promise<Socket> =>
  new Promise((resolve, reject) => {
    onTrying(connectFirst({ addresses, port }, (error, socket) => {
      if (socket) resolve(socket)
      else reject(new ConnectError(tcpReason(errorCode(error)), error))
    }))
  })

function secured(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('error', (error) => reject(new ConnectError('tls', error)))
    socket.once('close', () => reject(new ConnectError('tls')))
  })
}

const TCP_REASONS: Readonly<Record<string, FailureReason>> = {
  ECONNREFUSED: 'connect_refused',
  ETIMEDOUT: 'connect_timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
}

/** Why a TCP connection did not come about, by the code of the operating system. */
export const tcpReason = (code: string | undefined): FailureReason => TCP_REASONS[code ?? ''] ?? 'connect_failed'

const bareName = (hostname: string) => hostname.replace(/\.$/, '')

/** A certificate is asked for by name; numbers have none. */
const serverName = (hostname: string) => (isIP(hostname) === 0 ? { servername: bareName(hostname) } : {})
