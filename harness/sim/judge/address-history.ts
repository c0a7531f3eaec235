import type { SendResult } from '@tidings/server/delivery/send-result.ts'

/** What was heard of the addresses, by the clock of the database in ms. */
export interface AddressHistory {
  heard(address: string, at: number, result: SendResult): void
  /** Returns when an attempt there last said that it works again; before everything if none has. */
  workedAt(address: string): number
  /** Returns whether one has said so in this time. */
  hasWorked(address: string, from: number, until: number): boolean
}

/** It judges one notification, so the address works. */
const ABOUT_ONE = 410

export function createAddressHistory(): AddressHistory {
  const times = new Map<string, number[]>()
  /** The last attempt found nobody there. */
  const unreached = new Set<string>()

  return {
    heard(address, at, result) {
      if (result.kind === 'failed' && result.stage === 'connect') unreached.add(address)
      if (result.kind !== 'answered' && !(result.kind === 'failed' && result.stage === 'answer')) return
      const works = result.kind === 'answered' && (result.httpStatus < 300 || result.httpStatus === ABOUT_ONE)
      // Somebody is there again, whatever the answer: each address here is a server of its own.
      if (works || unreached.has(address)) times.set(address, [...(times.get(address) ?? []), at])
      unreached.delete(address)
    },
    workedAt: (address) => times.get(address)?.at(-1) ?? -Infinity,
    hasWorked: (address, from, until) => (times.get(address) ?? []).some((at) => at >= from && at <= until),
  }
}
