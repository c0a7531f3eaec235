import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { createLog } from '@tidings/server/log.ts'
import { createOwnership, type OwnershipWorker, type OwnershipDeps } from '@tidings/server/ownership/ownership.ts'
import { deferred } from '@tidings/server/runtime/deferred.ts'
import { vi } from 'vitest'
import type { TestDatabase } from './test-database.ts'
import { readShares } from './stored-state.ts'

/** Resolves when the live ones have these shares, with the ms that it took since `since` (of `performance.now`). */
export function waitForShares(db: TestDatabase, shares: readonly number[], since: number): Promise<number> {
  return vi.waitFor(
    async () => {
      const found = await readShares(db)
      if (found.join() !== shares.join())
        throw new Error(`the shares are ${found.join(' + ')}, not ${shares.join(' + ')}`)
      return Math.round(performance.now() - since)
    },
    { timeout: 20_000, interval: 20 },
  )
}

export interface Owner {
  readonly ownership: OwnershipWorker
  /** Resolves when it has made its first poll. */
  readonly firstPoll: Promise<void>
  stop(): Promise<void>
}

/** A process that takes its share of the partitions, and does nothing with them. */
export function startOwner(db: OwnershipDeps['db'], deps: Partial<OwnershipDeps> = {}): Owner {
  const firstPoll = deferred()
  const ownership = createOwnership({
    db,
    broker: { assign: () => Promise.resolve() },
    address: () => 'a test',
    isAlone: false,
    drain: () => Promise.resolve(),
    onTaken: () => undefined,
    onLeased: firstPoll.resolve,
    log: createLog({ level: 'silent' }),
    ...deps,
  })
  ownership.start()
  return { ownership, firstPoll: firstPoll.promise, stop: ownership.stop }
}

/**
 * Whether this process has the connection from `fromPort` to `toPort`, both on this machine. Two processes may use one
 * port for connections to different places.
 */
export function hasConnection(pid: number, fromPort: number | undefined, toPort: number): boolean {
  const inodes = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, remote]) => local?.endsWith(hexPort(fromPort ?? 0)) && remote?.endsWith(hexPort(toPort)))
    .map((fields) => `socket:[${fields[9] ?? ''}]`)
  return readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.includes(linkOf(`/proc/${pid}/fd/${fd}`)))
}

const hexPort = (port: number) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // closed since it was listed
  }
}
