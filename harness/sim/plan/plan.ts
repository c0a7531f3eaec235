import type { Random } from '../world/random.ts'

/** What happens in a run apart from the faults: who subscribes, and what is published when. Determined by the seed. */
export interface Plan {
  readonly partitions: number
  readonly subscriptions: readonly PlannedSubscription[]
  readonly publishes: readonly PlannedPublish[]
  /** Events of a former release whose notifications are left; in some seeds none. */
  readonly former: readonly PlannedPublish[]
  /** When they are due, in ms. */
  readonly formerDueMs: number
  /** Changes that users make, in the order of their times. */
  readonly changes: readonly PlannedChange[]
  /** From this time on nothing is broken any more, in ms. */
  readonly calmFromMs: number
  /** By then everything that was published before is settled, in ms. The last events come later. */
  readonly restedAtMs: number
}

/** The last section of a type. */
export type EventType = 'state' | 'output'

export interface PlannedSubscription {
  readonly tenant: string
  readonly name: string
  readonly subjectFilter: string
  /** Unset: every type. */
  readonly type?: EventType
  readonly addresses: readonly string[]
  /** In ms; undefined: never. */
  readonly expiresAtMs?: number
  /** Nobody changes it, so every event of the tenant has a notification for it. */
  readonly isStable: boolean
}

export interface PlannedPublish {
  readonly atMs: number
  readonly uuid: string
  readonly tenant: string
  readonly subject: string | null
  readonly type: EventType
  /** Null: outside a series. */
  readonly series: string | null
  readonly kind: 'event' | 'end_series'
  readonly endsSeries: boolean
  readonly deletesSubscriptions: boolean
  /** How often the publisher tries again when it does not get its 200. Each time with the same idempotency key. */
  readonly retries: number
}

export type PlannedChange = { readonly atMs: number; readonly tenant: string; readonly name: string } & (
  | { readonly kind: 'delete' | 'disable' | 'enable' }
  | { readonly kind: 'create'; readonly subjectFilter: string; readonly addresses: readonly string[] }
  | { readonly kind: 'targets'; readonly addresses: readonly string[] }
)

export const EVENTS_PER_RUN = 200
const CALM_EVENTS = 36
const TENANTS = ['t1', 't2']
const SUBJECTS = ['s1', 's2', 's3']
const SERIES_PER_SUBJECT = 2
export const ADDRESSES = ['http://r1', 'http://r2', 'http://r3', 'http://r4', 'http://r5']

/** Time of the first publish, and how long publishers and faults take. */
const BEGIN_MS = 400
const TROUBLE_MS = 11_000
/** So long after the last fault the last events come. */
const REST_MS = 9000
const CALM_MS = 4000

export function createPlan(random: Random): Plan {
  const calmFromMs = BEGIN_MS + TROUBLE_MS
  const subscriptions = subscriptionsOf(random)
  const troubled = timesOf(random, EVENTS_PER_RUN - CALM_EVENTS, BEGIN_MS, calmFromMs)
  const calm = timesOf(random, CALM_EVENTS, calmFromMs + REST_MS, calmFromMs + REST_MS + CALM_MS)
  return {
    partitions: 4 + random.below(5),
    subscriptions,
    publishes: [...troubled, ...calm].map((atMs, index) => publishOf(random, atMs, index)),
    changes: changesOf(random, subscriptions),
    former: formerOf(random),
    formerDueMs: random.between(0, 5000),
    calmFromMs,
    restedAtMs: calmFromMs + REST_MS - 1,
  }
}

/** Some come alone, some in bursts. */
function timesOf(random: Random, count: number, from: number, until: number): number[] {
  const times: number[] = []
  while (times.length < count) {
    const at = random.between(from, until)
    const burst = random.chance(0.15) ? 2 + random.below(8) : 1
    for (let one = 0; one < burst && times.length < count; one += 1) times.push(at + random.between(0, 15))
  }
  return times.sort((a, b) => a - b)
}

function subscriptionsOf(random: Random): PlannedSubscription[] {
  return TENANTS.flatMap((tenant) => {
    const of = (name: string, subjectFilter: string, targets: number, isStable = false): PlannedSubscription => ({
      tenant,
      name,
      subjectFilter,
      addresses: someAddresses(random, targets),
      isStable,
    })
    // Many events of the second tenant match nothing: their numbers show in the later ones of their series only.
    if (tenant !== 't1')
      return [
        { ...of('states', '*', 1), type: 'state' as const },
        ...SUBJECTS.map((subject) => ({
          ...of(`of-${subject}`, subject, 1 + random.below(2)),
          type: 'state' as const,
        })),
      ]
    return [
      of('all', '*', 1, true),
      of('wide', '*', 1 + random.below(2)),
      ...SUBJECTS.map((subject) => of(`of-${subject}`, subject, 1 + random.below(2))),
      { ...of('short', random.pick(SUBJECTS), 1), expiresAtMs: random.between(2000, 9000) },
    ]
  })
}

function someAddresses(random: Random, count: number): string[] {
  const chosen = new Set<string>()
  while (chosen.size < count) chosen.add(random.pick(ADDRESSES))
  return [...chosen]
}

function publishOf(random: Random, atMs: number, index: number): PlannedPublish {
  const subject = random.pick(SUBJECTS)
  const isOutside = random.chance(0.08)
  const isEnd = !isOutside && random.chance(0.03)
  return {
    atMs,
    uuid: `e${index + 1}`,
    tenant: random.pick(TENANTS),
    subject,
    type: random.chance(0.5) ? 'state' : 'output',
    series: isOutside ? null : `${subject}.${random.below(SERIES_PER_SUBJECT)}`,
    kind: isEnd ? 'end_series' : 'event',
    endsSeries: isEnd || random.chance(0.04),
    deletesSubscriptions: !isEnd && random.chance(0.04),
    retries: random.chance(0.6) ? 4 : 0,
  }
}

function formerOf(random: Random): PlannedPublish[] {
  if (random.chance(0.5)) return []
  const [tenant = ''] = TENANTS
  const [subject = ''] = SUBJECTS
  return Array.from({ length: 1 + random.below(6) }, (_, index) => ({
    atMs: 0,
    uuid: `f${index + 1}`,
    tenant,
    subject,
    type: 'state',
    series: `${subject}.0`,
    kind: 'event',
    endsSeries: false,
    deletesSubscriptions: false,
    retries: 0,
  }))
}

function changesOf(random: Random, subscriptions: readonly PlannedSubscription[]): PlannedChange[] {
  const names = subscriptions.filter(({ isStable }) => !isStable)
  const changes: PlannedChange[] = []
  for (let count = 3 + random.below(4); count > 0; count -= 1) {
    const { tenant, name, subjectFilter } = random.pick(names)
    const atMs = BEGIN_MS + random.between(500, TROUBLE_MS)
    const addresses = someAddresses(random, 1 + random.below(2))
    const again = atMs + random.between(200, 3000)
    const drawn = random.next()
    if (drawn < 0.5) {
      changes.push({ kind: 'delete', atMs, tenant, name })
      if (random.chance(0.6)) changes.push({ kind: 'create', atMs: again, tenant, name, subjectFilter, addresses })
    } else if (drawn < 0.75) changes.push({ kind: 'targets', atMs, tenant, name, addresses })
    else changes.push({ kind: 'disable', atMs, tenant, name }, { kind: 'enable', atMs: again, tenant, name })
  }
  return changes.sort((a, b) => a.atMs - b.atMs)
}
