import type { LookupAddress } from 'node:dns'
import { lookup as lookUp } from 'node:dns/promises'
import { connect, type LookupFunction, type Socket } from 'node:net'
import { startDeadline } from '../../runtime/deadline.ts'

/** Given to one address of several before the next is tried: a lost SYN (1 s) and a long way, but not all of the time there is. */
const ADDRESS_MS = 2500

export interface DialTarget {
  readonly host: string
  readonly port: number
  /** For the name and for TCP together, over all addresses. */
  readonly connectMs: number
  readonly lookup: LookupFunction
}

/** A connection to the mail server. Rejects with nodemailer's codes (`EDNS`, `ESOCKET`, `ETIMEDOUT`), and when the signal fires. */
export function dial({ host, port, connectMs, lookup }: DialTarget, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: ADDRESS_MS, lookup })
    const stopDeadline = startDeadline(connectMs, () => fail(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT', timeoutType: 'CONNECT_TIMEOUT' })))
    const onAbort = () => fail(new Error('aborted'))
    const onError = (error: NodeJS.ErrnoException) => fail(Object.assign(error, { originalCode: error.code, ...(error.syscall === 'getaddrinfo' ? { code: 'EDNS' } : { code: 'ESOCKET', syscall: 'connect' }) }))
    const finish = () => {
      stopDeadline()
      signal.removeEventListener('abort', onAbort)
      socket.off('error', onError)
    }
    function fail(error: Error): void {
      finish()
      // What comes after has nobody who cares.
      socket.on('error', () => undefined).destroy()
      reject(error)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('error', onError).once('connect', () => {
      finish()
      resolve(socket)
    })
    if (signal.aborted) onAbort()
  })
}

/**
 * Asks the operating system for a name, once at a time however many wait for it: a look-up holds one of Node's few threads
 * for as long as a DNS server says nothing.
 */
export function createSharedLookup(): LookupFunction {
  let pending: Promise<LookupAddress[]> | undefined
  return (hostname, { all }, callback) => {
    pending ??= lookUp(hostname, { all: true }).finally(() => {
      pending = undefined
    })
    pending.then(
      (addresses) => (all === true ? callback(null, addresses) : callback(null, addresses[0]?.address ?? '', addresses[0]?.family ?? 0)),
      (error: unknown) => callback(error instanceof Error ? error : new Error('the look-up failed'), []),
    )
  }
}
