/** Bytes that tenants share. */
export interface Shares {
  fits(tenant: string, bytes: number): boolean
  take(tenant: string, bytes: number): void
  giveBack(tenant: string, bytes: number): void
}

/**
 * A tenant has at most as much as is free: alone it may take half of all, one of two a third. So there is always room
 * for one more, however many take all they can get, and nobody needs to know how many there will be (dynamic
 * thresholds, as in the shared buffers of switches). Who has nothing yet may take something of any size as long as
 * anything is free, or large things would find no room beside many tenants with small ones: so all together may exceed
 * the total by one thing.
 */
export function createShares(totalBytes: number): Shares {
  const taken = new Map<string, number>()
  let free = totalBytes

  function add(tenant: string, bytes: number): void {
    const now = (taken.get(tenant) ?? 0) + bytes
    if (now === 0) taken.delete(tenant)
    else taken.set(tenant, now)
    free -= bytes
  }

  return {
    fits(tenant, bytes) {
      const own = taken.get(tenant)
      return own === undefined ? free > 0 : own + bytes <= free - bytes
    },
    take: add,
    giveBack: (tenant, bytes) => add(tenant, -bytes),
  }
}
