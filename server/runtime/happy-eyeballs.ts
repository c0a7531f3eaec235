import type { LookupAddress } from 'node:dns'
import { connect, type Socket } from 'node:net'
import { startDeadline } from './deadline.ts'
import { hasCode } from './error-code.ts'

/** The next address is tried after this (RFC 8305 5, Connection Attempt Delay), or as soon as one has failed. */
const ATTEMPT_DELAY_MS = 250
/** Addresses of a name that are tried. Each may have a socket open at the same moment. */
const MAX_ADDRESSES = 8

export interface HappyEyeballsOptions {
  /** As the operating system orders them (RFC 6724). */
  readonly addresses: readonly LookupAddress[]
  readonly port: number
}

/**
 * Connects to the first of the addresses that answers (RFC 8305, Happy Eyeballs): each is tried a moment after the one
 * before, and none is given up because the next has begun. So a lost SYN, an address behind a dead route or one that is
 * far away costs no more than its own time. `done` is called once, later; there is no limit but the kernel's: the
 * function that is returned gives up, and `done` is not called then.
 */
export function connectHappyEyeballs(
  { addresses, port }: HappyEyeballsOptions,
  done: (error: Error | null, socket: Socket | null) => void,
): () => void {
  const left = interleaveFamilies(addresses).slice(0, MAX_ADDRESSES)
  const open = new Set<Socket>()
  const errors: Error[] = []
  let stopWaiting: () => void = () => undefined

  function tryNext(): void {
    stopWaiting()
    const next = left.shift()
    if (!next) return
    if (left.length > 0) stopWaiting = startDeadline(ATTEMPT_DELAY_MS, tryNext)
    const socket = connect({ host: next.address, port, noDelay: true })
    open.add(socket)
    // The listener stays for good: an error must find one, whoever holds the socket.
    socket.once('connect', () => win(socket)).on('error', (error) => lose(socket, error))
  }

  function lose(socket: Socket, error: Error): void {
    if (!open.delete(socket)) return
    errors.push(error)
    if (left.length > 0) tryNext()
    else if (open.size === 0) done(mostInformative(errors), null)
  }

  function win(socket: Socket): void {
    if (!open.delete(socket)) return
    giveUp()
    done(null, socket)
  }

  function giveUp(): void {
    stopWaiting()
    left.length = 0
    for (const socket of open) socket.destroy()
    open.clear()
  }

  if (left.length > 0) tryNext()
  else stopWaiting = startDeadline(0, () => done(new Error('no address'), null))
  return giveUp
}

/** One of each family after the other, beginning with that of the first (RFC 8305 4); an address counts once. */
export function interleaveFamilies(addresses: readonly LookupAddress[]): LookupAddress[] {
  const distinct = addresses.filter(
    ({ address }, index) => addresses.findIndex((other) => other.address === address) === index,
  )
  const firsts = distinct.filter(({ family }) => family === distinct[0]?.family)
  const others = distinct.filter(({ family }) => family !== distinct[0]?.family)
  return Array.from({ length: Math.max(firsts.length, others.length) }, (_, index) => [firsts[index], others[index]])
    .flat()
    .filter((each) => each !== undefined)
}

/** An address that was reached says more than one for which there is no route. */
function mostInformative(errors: readonly Error[]): Error {
  const [error] = [
    ...errors.filter((each) => !hasCode(each, 'ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT')),
    ...errors,
  ]
  return error ?? new Error('no address')
}
