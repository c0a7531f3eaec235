/** The transaction ids of the database: which were given out, and which of them are still under way. */
export interface Xids {
  assign(): number
  /** The transaction has committed or was rolled back: from now on every snapshot knows. */
  end(xid: number): void
  /** As `pg_current_snapshot()` shows one: `xmin:xmax:` and those between that were under way. */
  snapshot(): string
}

const FIRST_XID = 1000

export function createXids(): Xids {
  const open = new Set<number>()
  let next = FIRST_XID
  return {
    assign() {
      const xid = next
      next += 1
      open.add(xid)
      return xid
    },
    end: (xid) => void open.delete(xid),
    snapshot: () => `${Math.min(next, ...open)}:${next}:${[...open].sort((a, b) => a - b).join(',')}`,
  }
}

/** Returns the least transaction that was under way in this snapshot: `pg_snapshot_xmin`. */
export const xminOf = (snapshot: string): number => Number(snapshot.slice(0, snapshot.indexOf(':')))
