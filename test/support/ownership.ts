import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { sql } from '@tidings/server/db/sql.ts'
import { createLog } from '@tidings/server/log.ts'
import { createOwnership, type Ownership, type OwnershipParts } from '@tidings/server/ownership/ownership.ts'
import { vi } from 'vitest'
import type { TestDatabase } from './database.ts'

/** How many partitions each living dispatcher holds, the fewest first. Free partitions, and those of the dead, are not counted. */
export async function sharesOf(db: TestDatabase): Promise<number[]> {
  const rows = await db.query<{ partitions: number }>(sql`
    select count(partition.id)::integer as partitions
    from dispatcher
    left join partition on partition.owner = dispatcher.id
    where dispatcher.lease_until > clock_timestamp()
    group by dispatcher.id
    order by 1`)
  return rows.map(({ partitions }) => partitions)
}

/** Resolves when these are the shares of the living, with the ms that it took since `since` (of `performance.now`). */
export function sharesBecome(db: TestDatabase, shares: readonly number[], since: number): Promise<number> {
  return vi.waitFor(async () => {
    const found = await sharesOf(db)
    if (found.join() !== shares.join()) throw new Error(`the shares are ${found.join(' + ')}, not ${shares.join(' + ')}`)
    return Math.round(performance.now() - since)
  }, { timeout: 20_000, interval: 20 })
}

export interface Owner {
  readonly ownership: Ownership
  /** Resolves when it has had its first look. */
  readonly looked: Promise<void>
  stop(): Promise<void>
}

/** A process that takes its share of the partitions, and does nothing with them. */
export function startOwner(db: OwnershipParts['db'], parts: Partial<OwnershipParts> = {}): Owner {
  let onHeld: () => void = () => undefined
  const looked = new Promise<void>((resolve) => (onHeld = resolve))
  const ownership = createOwnership({
    db, broker: { hold: () => Promise.resolve() }, address: () => 'a test', isAlone: false, drain: () => Promise.resolve(), onTaken: () => undefined, onHeld,
    log: createLog({ level: 'silent' }), ...parts,
  })
  ownership.start()
  return { ownership, looked, stop: ownership.stop }
}

/** Whether a TCP connection from this local port is one of a process (proc(5): fd, net/tcp). To be asked while it is open. */
export function isPortOf(pid: number, port: number | undefined): boolean {
  const hexPort = (port ?? 0).toString(16).toUpperCase().padStart(4, '0')
  const inodes = readFileSync('/proc/net/tcp', 'utf8').split('\n').map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hexPort}`)).map((fields) => `socket:[${fields[9] ?? ''}]`)
  return readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.includes(linkOf(`/proc/${pid}/fd/${fd}`)))
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // closed since it was listed
  }
}
