import { hashKey } from '@tidings/server/db/hash-key.ts'
import type { Random } from '@tidings/harness/sim/world/random.ts'
import { randomUUID } from 'node:crypto'
import type { SightEvent, SightNotification, SightRows, SightSubscription, SightTarget } from './stored-state.ts'

const PARTITIONS = 4
const OWNERS = ['bob', 'carol', 'dora'] as const
const SUBJECTS = ['one', 'two', 'three']
const STATES = ['waiting', 'waiting', 'delivered', 'given_up', 'cancelled']
export const SOURCE = 's'

/** A notification with everything that a filter may ask for. */
export interface ModelNotification {
  readonly id: string
  readonly tenant: string
  readonly owner: string
  readonly subscriptionUuid: string
  readonly addressKey: string
  readonly event: SightEvent
  readonly state: string
  readonly reason: string | null
}

/** Random rows of two tenants, and the same as the model sees them. */
export interface SightModel {
  readonly rows: SightRows
  readonly notifications: readonly ModelNotification[]
}

/**
 * Makes rows of `ta` and `tb`; of `tc` there is an event and an idle subscription. Partition 3 is sparse: it has the
 * oldest events only. Some events hit no target, some hit all of their tenant.
 */
export function makeSightModel(random: Random, eventCount: number): SightModel {
  const { subscriptions, targets } = makeTargets(random)
  const events: SightEvent[] = []
  const notifications: SightNotification[] = []
  for (let position = 1; position <= eventCount; position += 1) {
    const event = makeEvent(random, position, eventCount)
    events.push(event)
    if (event.kind !== 'event') continue
    const share = random.pick([0, 0, 0.1, 0.3, 1])
    const ofTenant = targets.filter(({ subscriptionId }) => tenantOf(subscriptions, subscriptionId) === event.tenant)
    for (const { id } of ofTenant.filter(() => random.chance(share)))
      notifications.push({
        targetId: id,
        laneSeries: event.seriesKey ?? event.uuid,
        position,
        partition: event.partition,
        state: random.pick(STATES),
        reason: random.chance(0.5) ? random.pick(['http_500', 'dns']) : null,
      })
  }
  const watermarks = Array.from({ length: PARTITIONS }, () => random.below(eventCount))
  return {
    rows: {
      subscriptions,
      targets,
      events,
      notifications,
      watermarks,
      coldLanes: coldLanes(random, notifications, watermarks),
    },
    notifications: notifications.map((one) => modelOf(one, { subscriptions, targets, events })),
  }
}

function makeTargets(random: Random) {
  const subscriptions: SightSubscription[] = []
  const targets: SightTarget[] = []
  const addresses = Array.from({ length: 4 }, () => randomUUID())
  for (const tenant of ['ta', 'tb', 'tc'])
    for (let number = 0; number < (tenant === 'tc' ? 1 : 12); number += 1) {
      const id = 100 - subscriptions.length // so names, owners and ids have different orders
      const owner = random.pick(OWNERS)
      const isEnded = random.chance(0.2)
      subscriptions.push({ id, uuid: randomUUID(), tenant, owner, name: `${number % 7}-${tenant}-${id}`, isEnded })
      for (let ordinal = 0; ordinal < random.pick([0, 1, 1, 3]); ordinal += 1)
        targets.push({ id: 500 - targets.length, subscriptionId: id, addressKey: addresses[ordinal] ?? randomUUID() })
    }
  return { subscriptions, targets }
}

const tenantOf = (subscriptions: readonly SightSubscription[], wanted: number) =>
  subscriptions.find(({ id }) => id === wanted)?.tenant

function makeEvent(random: Random, position: number, eventCount: number): SightEvent {
  const tenant = position === 5 ? 'tc' : random.pick(['ta', 'ta', 'tb'])
  const subject = random.chance(0.1) ? null : random.pick(SUBJECTS)
  const inSeries = subject !== null && random.chance(0.6)
  const isLate = random.chance(0.1)
  return {
    // The lane of a series is in one partition.
    partition: position < 10 ? 3 : inSeries ? SUBJECTS.indexOf(subject) % 3 : position % 3,
    position,
    uuid: randomUUID(),
    kind: random.chance(0.05) ? 'end_series' : 'event',
    tenant,
    seriesKey: inSeries ? hashKey(tenant, SOURCE, subject, `series-${position < 10 ? 'old' : 'new'}`) : null,
    subject,
    type3: random.pick(['X', 'Y']),
    // Several share a second, and some came late.
    secondsAgo: Math.floor((eventCount - position) / 3) + (isLate ? 5000 : 0),
    body: `{"n":,"data":"${'x'.repeat(random.pick([1, 20, 300]))}"}`,
  }
}

/** Every lane with something waiting at or below a watermark, and some others. */
function coldLanes(
  random: Random,
  notifications: readonly SightNotification[],
  watermarks: readonly number[],
): SightRows['coldLanes'] {
  const lanes = new Map<string, SightNotification[]>()
  for (const one of notifications.filter(({ state }) => state === 'waiting')) {
    const key = `${one.targetId} ${one.laneSeries}`
    lanes.set(key, [...(lanes.get(key) ?? []), one])
  }
  return [...lanes.values()].flatMap((waiting) => {
    const [first] = waiting
    const mustHaveRow = waiting.some(({ partition, position }) => position <= (watermarks[partition] ?? 0))
    return first !== undefined && (mustHaveRow || random.chance(0.3))
      ? [{ targetId: first.targetId, laneSeries: first.laneSeries, head: first.position }]
      : []
  })
}

function modelOf(
  { targetId, position, state, reason }: SightNotification,
  { subscriptions, targets, events }: Pick<SightRows, 'subscriptions' | 'targets' | 'events'>,
): ModelNotification {
  const target = targets.find(({ id }) => id === targetId)
  const subscription = subscriptions.find(({ id }) => id === target?.subscriptionId)
  const event = events.find((one) => one.position === position)
  if (target === undefined || subscription === undefined || event === undefined) throw new Error('the model is wrong')
  return {
    id: `${subscription.uuid} ${target.addressKey} ${event.uuid}`,
    tenant: subscription.tenant,
    owner: subscription.owner,
    subscriptionUuid: subscription.uuid,
    addressKey: target.addressKey,
    event,
    state,
    reason,
  }
}
