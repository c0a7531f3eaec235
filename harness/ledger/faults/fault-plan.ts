import type { BrokerKind } from '../../fleet/fleet.ts'
import type { FaultAction, Victim } from './injected-fault.ts'
import { createRandom, wholeBelow, type Random } from '../plan/random.ts'

/** A fault to be injected into one of several processes or their servers. */
export interface PlannedFault {
  /** Counted from the start of publishing. */
  readonly atMs: number
  readonly victim: Victim
  readonly how: FaultAction
  /** Which process of the role, from 0. */
  readonly index: number
  /** How long until a stopped process is continued, or a killed one is started again. */
  readonly lastsMs: number
}

export interface FaultPlanOptions {
  readonly publishingMs: number
  readonly count: number
  readonly apis: number
  readonly dispatchers: number
  readonly broker: BrokerKind
  readonly seed: number
}

interface Kind {
  readonly victim: Victim
  readonly how: FaultAction
}

const KINDS: readonly Kind[] = [
  { victim: 'api', how: 'kill' },
  { victim: 'api', how: 'stop' },
  { victim: 'dispatcher', how: 'kill' },
  { victim: 'dispatcher', how: 'stop' },
  { victim: 'postgresql', how: 'kill' },
]
const WITH_RABBITMQ: readonly Kind[] = [...KINDS, { victim: 'rabbitmq', how: 'kill' }]
/**
 * Faults begin between these shares of the publishing time: afterwards something must be left to show the recovery.
 */
const [FIRST_SHARE, LAST_SHARE] = [0.04, 0.84]
/** One fault in this many begins while the one before it still has an effect. */
const OVERLAPS_EVERY = 5
const OVERLAP_MS = [200, 2500] as const
const STOP_MS = [1000, 12_000] as const
/** RabbitMQ considers a stopped consumer dead after three heartbeats; one stop in four outlasts them. */
const LONG_STOP_MS = [12_000, 25_000] as const
const LONG_STOP_EVERY = 4
const PROCESS_PAUSE_MS = [0, 1500] as const
const SERVER_PAUSE_MS = [0, 4000] as const

/**
 * Plans faults, spread evenly over the publishing time. Each kind, and each process of a role, comes as often as the
 * others, in random order; some overlap. The same seed gives the same plan. Pure.
 */
export function planFaults({ publishingMs, count, apis, dispatchers, broker, seed }: FaultPlanOptions): PlannedFault[] {
  const random = createRandom(seed + 2)
  const draw = createDeck(broker === 'rabbitmq' ? WITH_RABBITMQ : KINDS, random)
  const drawProcess = { api: createDeck(indexes(apis), random), dispatcher: createDeck(indexes(dispatchers), random) }
  const slotMs = ((LAST_SHARE - FIRST_SHARE) * publishingMs) / count
  const planned: PlannedFault[] = []
  for (let slot = 0; slot < count; slot += 1) {
    const { victim, how } = draw()
    const previous = planned.at(-1)
    const overlaps = previous !== undefined && wholeBelow(random, OVERLAPS_EVERY) === 0
    const atMs = overlaps
      ? previous.atMs + between(OVERLAP_MS, random)
      : Math.round(FIRST_SHARE * publishingMs + (slot + random() / 2) * slotMs)
    const index = victim === 'api' || victim === 'dispatcher' ? drawProcess[victim]() : 0
    planned.push({ atMs, victim, how, index, lastsMs: between(limitsOf(victim, how, broker, random), random) })
  }
  return planned
}

function limitsOf(victim: Victim, how: FaultAction, broker: BrokerKind, random: Random): readonly [number, number] {
  if (how === 'stop') return broker === 'rabbitmq' && wholeBelow(random, LONG_STOP_EVERY) === 0 ? LONG_STOP_MS : STOP_MS
  return victim === 'api' || victim === 'dispatcher' ? PROCESS_PAUSE_MS : SERVER_PAUSE_MS
}

const between = ([min, max]: readonly [number, number], random: Random) => min + wholeBelow(random, max - min)

const indexes = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Returns a function that draws each card once before any comes again. */
function createDeck<Card>(cards: readonly Card[], random: Random): () => Card {
  let left: Card[] = []
  return () => {
    if (left.length === 0) left = [...cards]
    const [card] = left.splice(wholeBelow(random, left.length), 1)
    if (card === undefined) throw new Error('a deck without cards')
    return card
  }
}
