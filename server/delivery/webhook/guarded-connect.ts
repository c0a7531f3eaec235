import type { LookupAddress } from 'node:dns'
import { isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Log } from '../../log.ts'
import type { AddressGuard } from './address-guard.ts'
import { connectHappyEyeballs } from '../../runtime/happy-eyeballs.ts'
import { startDeadline } from '../../runtime/deadline.ts'
import { errorCode } from '../../runtime/error-code.ts'
import { createLogRateLimit } from '../../runtime/log-rate-limit.ts'
import type { Resolve } from '../names/resolve.ts'
import type { FailureReason } from '../send-result.ts'
import { tcpReason } from '../tcp-reason.ts'

/** No connection was established, so nothing of a request was written. */
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

export interface GuardedConnectDeps {
  readonly guard: AddressGuard
  readonly resolve: Resolve
  readonly log: Log
  /** For name look-up, TCP and TLS handshake together. */
  readonly connectMs: number
  /** Certificates (PEM) to trust instead of the default ones. */
  readonly ca?: string | undefined
}

/** Told what an attempt has opened so far, so that it can be cancelled. */
interface Progress {
  onTrying(stop: () => void): void
  onSocket(socket: Socket): void
}

type Done = (error: ConnectError | null, socket: Socket | null) => void

/**
 * Calls `done` exactly once, and never synchronously. The returned function cancels the attempt; `done` then gets an
 * error.
 */
export type GuardedConnect = (target: ConnectTarget, done: Done) => () => void

/**
 * Connects only to addresses that the guard allows (SSRF). A name is resolved once, each of its addresses is judged,
 * and the connection goes to exactly these addresses, so a name that resolves differently the next time (DNS rebinding)
 * gains nothing. One forbidden address refuses the name. Of several addresses the first that accepts is used (happy
 * eyeballs).
 */
export function createGuardedConnect({ guard, resolve, log, connectMs, ca }: GuardedConnectDeps): GuardedConnect {
  const limit = createLogRateLimit()

  function refuseForbidden({ hostname, isOwn }: ConnectTarget, addresses: readonly string[]): void {
    for (const address of addresses) {
      const verdict = guard.judge(address, { isOwn })
      if (verdict.kind === 'allowed') continue
      const { range } = verdict
      limit(`${hostname} ${address}`, (suppressed) =>
        log.info({ host: hostname, address, range, suppressed }, 'webhook address rejected'),
      )
      throw new ConnectError('address_refused')
    }
  }

  async function connect(target: ConnectTarget, { onSocket, onTrying }: Progress): Promise<void> {
    const addresses = await resolve(target.hostname).catch((error: unknown) => {
      limit(target.hostname, (suppressed) =>
        log.info({ host: target.hostname, code: errorCode(error), suppressed }, 'webhook host cannot be found'),
      )
      throw new ConnectError('dns', error)
    })
    refuseForbidden(
      target,
      addresses.map(({ address }) => address),
    )
    const tcp = await firstOf(addresses, target.port, onTrying)
    onSocket(tcp)
    // Defence in depth: judge the address that the kernel reports, before the first byte is written.
    refuseForbidden(target, [tcp.remoteAddress ?? ''])
    if (!target.isSecure) return
    const tls = connectTls({
      socket: tcp,
      host: bareName(target.hostname),
      ...serverName(target.hostname),
      ALPNProtocols: ['http/1.1'],
      ...(ca !== undefined && { ca }),
    })
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
        // Never removed: an `error` event without a listener would end the process, whoever owns the socket by then.
        socket = opening.on('error', () => undefined)
        if (isOver) opening.destroy()
      },
    }
    const finish = () => end(socket?.destroyed === false ? undefined : new ConnectError('connect_failed'))
    connect(target, progress).then(finish, (error: unknown) =>
      end(error instanceof ConnectError ? error : new ConnectError('connect_failed', error)),
    )
    return () => end(new ConnectError('connect_failed'))
  }
}

/** Connects to the address that accepts first. Never settles if it is cancelled. */
const firstOf = (addresses: readonly LookupAddress[], port: number, onTrying: Progress['onTrying']): Promise<Socket> =>
  new Promise((resolve, reject) => {
    onTrying(
      connectHappyEyeballs({ addresses, port }, (error, socket) => {
        if (socket) resolve(socket)
        else reject(new ConnectError(tcpReason(errorCode(error)), error))
      }),
    )
  })

function secured(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('error', (error) => reject(new ConnectError('tls', error)))
    socket.once('close', () => reject(new ConnectError('tls')))
  })
}

const bareName = (hostname: string) => hostname.replace(/\.$/, '')

/** SNI carries a name; IP addresses are not allowed in it (RFC 6066 3). */
const serverName = (hostname: string) => (isIP(hostname) === 0 ? { servername: bareName(hostname) } : {})
