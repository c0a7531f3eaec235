/**
 * Things that wait, first come first served within a tenant, while tenants share by cost: when several wait, each gets
 * as much as the others, whatever the size of its items and however many it has.
 */
export interface FairQueue<Item> {
  /** Adds an item behind those of its tenant. */
  add(item: Item): void
  /** Puts items that `next` has returned back in front of the others of their tenants, as if they had never gone. */
  putBack(items: readonly Item[]): void
  /**
   * Removes and returns the item whose turn it is. A tenant whose first item `admits` refuses is left out and keeps its
   * turn; undefined: none may go.
   */
  next(admits?: (item: Item) => boolean): Item | undefined
  /** Removes and returns the items of which this is true. */
  remove(isUnwanted: (item: Item) => boolean): Item[]
  readonly size: number
}

export interface FairQueueOptions<Item> {
  readonly tenantOf: (item: Item) => string
  /** What the item takes of whatever is shared, above 0. */
  readonly costOf: (item: Item) => number
}

interface Flow<Item> {
  /** Those that are gone have left an empty place: an array gives up its first element only by moving the others. */
  items: (Item | undefined)[]
  /** The place of the first that waits. */
  head: number
  /** What the tenant has had, on the scale of `now`. The lowest is next. */
  had: number
}

/** Empty places before they are given up. */
const MAX_EMPTY = 1024

/**
 * Start-time fair queueing. `now` is what the tenant that is served at the moment has had: one that comes anew begins
 * there, so it is next, and has saved nothing up. Costs a look at each waiting tenant.
 */
export function createFairQueue<Item>({ tenantOf, costOf }: FairQueueOptions<Item>): FairQueue<Item> {
  const flows = new Map<string, Flow<Item>>()
  let now = 0
  let size = 0

  function flowOf(tenant: string): Flow<Item> {
    const known = flows.get(tenant)
    if (known && known.items.length > known.head) return known
    const flow = { items: [], head: 0, had: Math.max(now, known?.had ?? 0) }
    flows.delete(tenant) // behind those that wait
    flows.set(tenant, flow)
    return flow
  }

  function take(flow: Flow<Item>, item: Item): Item {
    now = Math.max(now, flow.had)
    flow.had += costOf(item)
    flow.items[flow.head] = undefined
    flow.head += 1
    size -= 1
    if (flow.head > MAX_EMPTY && flow.head > flow.items.length / 2) {
      flow.items.splice(0, flow.head)
      flow.head = 0
    }
    if (size === 0) flows.clear()
    return item
  }

  function takeIf(flow: Flow<Item>, admits: (item: Item) => boolean): Item | undefined {
    const item = flow.items[flow.head]
    return item !== undefined && admits(item) ? take(flow, item) : undefined
  }

  return {
    add(item) {
      flowOf(tenantOf(item)).items.push(item)
      size += 1
    },
    putBack(items) {
      for (const item of items.toReversed()) {
        const flow = flowOf(tenantOf(item))
        if (flow.head === 0) flow.items.unshift(item)
        else flow.items[--flow.head] = item
        flow.had -= costOf(item)
        size += 1
      }
    },
    next(admits = () => true) {
      const flow = firstOf(flows, now)
      if (flow === undefined) return undefined
      const item = takeIf(flow, admits)
      if (item !== undefined) return item
      for (const other of othersOf(flows, flow)) {
        const taken = takeIf(other, admits)
        if (taken !== undefined) return taken
      }
      return undefined
    },
    remove(isUnwanted) {
      const removed: Item[] = []
      for (const flow of flows.values()) {
        const kept: Item[] = []
        for (const item of flow.items.slice(flow.head))
          if (item !== undefined) (isUnwanted(item) ? removed : kept).push(item)
        flow.items = kept
        flow.head = 0
      }
      size -= removed.length
      if (size === 0) flows.clear()
      return removed
    },
    get size() {
      return size
    },
  }
}

type Flows<Item> = Map<string, Flow<Item>>

/** Whose turn it is. Forgets, on its way, tenants that have nothing here and have had no more than the others. */
function firstOf<Item>(flows: Flows<Item>, now: number): Flow<Item> | undefined {
  let found: Flow<Item> | undefined
  for (const [tenant, flow] of flows) {
    if (flow.items.length > flow.head) found = found === undefined || flow.had < found.had ? flow : found
    else if (flow.had <= now) flows.delete(tenant)
  }
  return found
}

/** The others that wait, in their turns. */
const othersOf = <Item>(flows: Flows<Item>, first: Flow<Item>) =>
  [...flows.values()]
    .filter((flow) => flow !== first && flow.items.length > flow.head)
    .sort((one, other) => one.had - other.had)
