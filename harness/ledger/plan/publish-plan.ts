import { createRandom, wholeBelow, type Random } from './random.ts'

/** How a series is ended halfway; it continues afterwards with number 1. */
export type SeriesEnding = 'flag' | 'endpoint' | 'delete_flag'

/** One action of a publisher, identified by its index in the series' list. */
export type Step =
  | {
      readonly kind: 'event'
      readonly ends: Exclude<SeriesEnding, 'endpoint'> | undefined
      readonly paddingBytes: number
    }
  | { readonly kind: 'end_series' }

export interface SeriesPlan {
  readonly seriesId: string
  /** Each series has a subject of its own. */
  readonly subject: string
  readonly ending: SeriesEnding | undefined
  readonly steps: readonly Step[]
}

export interface Moment {
  readonly of: 'publishing' | 'delivering'
  readonly share: number
}

export interface PlannedKill {
  readonly victim: 'node' | 'node_and_postgres'
  /** The kill comes when this share of the work is done ... */
  readonly moment: Moment
  /** ... and this time has passed. */
  readonly delayMs: number
}

export interface Plan {
  readonly seed: number
  readonly series: readonly SeriesPlan[]
  readonly kills: readonly PlannedKill[]
  readonly eventCount: number
}

export interface PlanOptions {
  readonly events: number
  readonly series: number
  readonly kills: number
  readonly seed: number
}

export const SOURCE = 'ledger'
const ENDINGS: readonly SeriesEnding[] = ['flag', 'endpoint', 'delete_flag']
/** One series in this many is ended halfway. */
const ENDED_EVERY = 10
const MAX_PADDING_BYTES = 1500
const MAX_KILL_DELAY_MS = 300
/** Two of three kills come while events are published, the others while the last of them are delivered. */
const PUBLISHING_KILLS = 2 / 3
/** A kill comes between these shares of the work. */
const KILL_SHARES = { publishing: [0.05, 0.85], delivering: [0.85, 0.97] } as const

/** Plans a run: the same seed gives the same plan. Kills alternate between the two kinds of victim. Pure. */
export function createPlan({ events, series, kills, seed }: PlanOptions): Plan {
  const random = createRandom(seed)
  return {
    seed,
    series: Array.from({ length: series }, (_, index) =>
      planSeries(index, Math.floor(events / series) + (index < events % series ? 1 : 0), random),
    ),
    kills: planKills(kills, random),
    eventCount: events,
  }
}

function planSeries(index: number, events: number, random: Random): SeriesPlan {
  const ending = index % ENDED_EVERY === 0 ? ENDINGS[(index / ENDED_EVERY) % ENDINGS.length] : undefined
  const half = Math.floor(events / 2)
  const steps: Step[] = []
  for (let event = 1; event <= events; event += 1) {
    const ends = event === half && ending !== 'endpoint' ? ending : undefined
    steps.push({ kind: 'event', ends, paddingBytes: wholeBelow(random, MAX_PADDING_BYTES) })
    if (event === half && ending === 'endpoint') steps.push({ kind: 'end_series' })
  }
  return { seriesId: `series-${index}`, subject: `subject-${index}`, ending, steps }
}

function planKills(count: number, random: Random): PlannedKill[] {
  const ofPublishing = Math.ceil(count * PUBLISHING_KILLS)
  const moments = [
    ...planMoments('publishing', ofPublishing, random),
    ...planMoments('delivering', count - ofPublishing, random),
  ]
  return moments.map((moment, index) => ({
    moment,
    victim: index % 2 === 0 ? 'node' : 'node_and_postgres',
    delayMs: wholeBelow(random, MAX_KILL_DELAY_MS),
  }))
}

function planMoments(of: Moment['of'], count: number, random: Random): Moment[] {
  const [from, to] = KILL_SHARES[of]
  const shares = Array.from({ length: count }, () => from + random() * (to - from))
  return shares.sort((a, b) => a - b).map((share) => ({ of, share }))
}
