import type { BrokerKind } from '../../fleet/fleet.ts'
import type { How, Victim } from './disturbance.ts'
import { createRandom, wholeBelow, type Random } from '../plan/random.ts'

/** Something to be done to one of several processes or their servers. */
export interface PlannedDisturbance {
  /** From the beginning of the publishing. */
  readonly atMs: number
  readonly victim: Victim
  readonly how: How
  /** Which of those of this role, from 0. */
  readonly index: number
  /** Of a stop, until it is continued; of a kill, until it is started again. */
  readonly lastsMs: number
}

export interface ManyPlanOptions {
  readonly publishingMs: number
  readonly count: number
  readonly apis: number
  readonly dispatchers: number
  readonly broker: BrokerKind
  readonly seed: number
}

interface Kind {
  readonly victim: Victim
  readonly how: How
}

const KINDS: readonly Kind[] = [
  { victim: 'api', how: 'kill' }, { victim: 'api', how: 'stop' },
  { victim: 'dispatcher', how: 'kill' }, { victim: 'dispatcher', how: 'stop' },
  { victim: 'postgresql', how: 'kill' },
]
const WITH_RABBITMQ: readonly Kind[] = [...KINDS, { victim: 'rabbitmq', how: 'kill' }]
/** Shares of the publishing between which disturbances begin: afterwards there must be something left to recover with. */
const [FIRST_SHARE, LAST_SHARE] = [0.04, 0.84]
/** One in so many begins while the one before it still has its effect. */
const OVERLAPS_EVERY = 5
const OVERLAP_MS = [200, 2500] as const
const STOP_MS = [1000, 12_000] as const
/** RabbitMQ takes a stopped consumer for dead after three heartbeats; now and then a stop outlasts them. */
const LONG_STOP_MS = [12_000, 25_000] as const
const LONG_STOP_EVERY = 4
const PROCESS_PAUSE_MS = [0, 1500] as const
const SERVER_PAUSE_MS = [0, 4000] as const

/** Spread evenly over the publishing, each kind and each process of a role as often as the others, in random order; some overlap. The same for the same seed. */
export function planDisturbances({ publishingMs, count, apis, dispatchers, broker, seed }: ManyPlanOptions): PlannedDisturbance[] {
  const random = createRandom(seed + 2)
  const draw = createDeck(broker === 'rabbitmq' ? WITH_RABBITMQ : KINDS, random)
  const drawMember = { api: createDeck(indexes(apis), random), dispatcher: createDeck(indexes(dispatchers), random) }
  const slotMs = ((LAST_SHARE - FIRST_SHARE) * publishingMs) / count
  const planned: PlannedDisturbance[] = []
  for (let slot = 0; slot < count; slot += 1) {
    const { victim, how } = draw()
    const former = planned.at(-1)
    const overlaps = former !== undefined && wholeBelow(random, OVERLAPS_EVERY) === 0
    const atMs = overlaps ? former.atMs + between(OVERLAP_MS, random) : Math.round(FIRST_SHARE * publishingMs + (slot + random() / 2) * slotMs)
    const index = victim === 'api' || victim === 'dispatcher' ? drawMember[victim]() : 0
    planned.push({ atMs, victim, how, index, lastsMs: between(limitsOf(victim, how, broker, random), random) })
  }
  return planned
}

function limitsOf(victim: Victim, how: How, broker: BrokerKind, random: Random): readonly [number, number] {
  if (how === 'stop') return broker === 'rabbitmq' && wholeBelow(random, LONG_STOP_EVERY) === 0 ? LONG_STOP_MS : STOP_MS
  return victim === 'api' || victim === 'dispatcher' ? PROCESS_PAUSE_MS : SERVER_PAUSE_MS
}

const between = ([least, most]: readonly [number, number], random: Random) => least + wholeBelow(random, most - least)

const indexes = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Deals every card once before any comes again. */
function createDeck<Card>(cards: readonly Card[], random: Random): () => Card {
  let left: Card[] = []
  return () => {
    if (left.length === 0) left = [...cards]
    const [card] = left.splice(wholeBelow(random, left.length), 1)
    if (card === undefined) throw new Error('a deck without cards')
    return card
  }
}
