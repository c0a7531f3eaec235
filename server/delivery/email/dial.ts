import { connect, type LookupFunction, type Socket } from 'node:net'
import { startDeadline } from '../../runtime/deadline.ts'

/** Given to one address of several before the next is tried: a lost SYN (1 s) and a long way, but not all of the time there is. */
const ADDRESS_MS = 2500

export interface DialTarget {
  readonly host: string
  readonly port: number
  /** For the name and for TCP together, over all addresses. */
  readonly connectMs: number
  readonly lookup?: LookupFunction | undefined
}

/** A connection to the mail server. Rejects with nodemailer's codes (`EDNS`, `ESOCKET`, `ETIMEDOUT`), and when the signal fires. */
export function dial({ host, port, connectMs, lookup }: DialTarget, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: ADDRESS_MS, ...(lookup && { lookup }) })
    const stopDeadline = startDeadline(connectMs, () => fail(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT', timeoutType: 'CONNECT_TIMEOUT' })))
    const onAbort = () => fail(new Error('aborted'))
    const onError = (error: NodeJS.ErrnoException) => fail(Object.assign(error, { originalCode: error.code, code: error.syscall === 'getaddrinfo' ? 'EDNS' : 'ESOCKET' }))
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
