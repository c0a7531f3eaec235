import type { FanOut } from '../lanes/fan-out.ts'
import type { Slice } from '../lanes/intake.ts'

export interface ChooseSlicesOptions {
  /** Notifications in all. */
  readonly size: number
  /** When a tenant, or a series, last had a turn: later is more. */
  readonly servedAt: ReadonlyMap<string, number>
}

/** Of one series, oldest first: a later one begins when the ones before are wholly inserted. */
interface SeriesQueue {
  readonly tenant: string
  readonly laneSeries: string
  readonly fanOuts: FanOut[]
}

/**
 * Returns what to insert next: tenants take turns, then the series of each tenant, and a turn lasts for `size`
 * notifications or as long as its series has any. `fanOuts`: by position in each partition. Pure.
 */
export function chooseSlices(fanOuts: Iterable<FanOut>, { size, servedAt }: ChooseSlicesOptions): Slice[] {
  const turnOf = (name: string) => servedAt.get(name) ?? 0
  const tenants = [...queuesByTenant(fanOuts).entries()]
    .map(([tenant, queues]) => ({
      turn: turnOf(tenant),
      queues: queues.sort((a, b) => turnOf(a.laneSeries) - turnOf(b.laneSeries)),
    }))
    .sort((a, b) => a.turn - b.turn)
  const slices: Slice[] = []
  let left = size
  for (let tenant = tenants.shift(); tenant && left > 0; tenant = tenants.shift()) {
    for (const fanOut of tenant.queues.shift()?.fanOuts ?? []) {
      if (left === 0) break
      const slice = { fanOut, size: Math.min(left, fanOut.size - fanOut.done) }
      slices.push(slice)
      left -= slice.size
    }
    if (tenant.queues.length > 0) tenants.push(tenant)
  }
  return slices
}

function queuesByTenant(fanOuts: Iterable<FanOut>): Map<string, SeriesQueue[]> {
  const bySeries = new Map<string, SeriesQueue>()
  const byTenant = new Map<string, SeriesQueue[]>()
  for (const fanOut of fanOuts) {
    const { tenant, laneSeries } = fanOut
    const known = bySeries.get(laneSeries)
    if (known) {
      known.fanOuts.push(fanOut)
      continue
    }
    const queue = { tenant, laneSeries, fanOuts: [fanOut] }
    bySeries.set(laneSeries, queue)
    const ofTenant = byTenant.get(tenant)
    if (ofTenant) ofTenant.push(queue)
    else byTenant.set(tenant, [queue])
  }
  return byTenant
}
