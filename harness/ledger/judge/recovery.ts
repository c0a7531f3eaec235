import type { Disturbance, How, Victim } from '../disturb/disturbance.ts'
import { partitionOfSeries } from '../plan/partition-of-series.ts'
import type { SeriesBook } from '../publish/publishers.ts'
import type { Arrival } from './targets.ts'

/** How long the service took to work again after one disturbance. */
export interface Recovery {
  readonly disturbance: Disturbance
  /** Undefined when nothing was published to its partitions afterwards, so that nothing shows it. */
  readonly recoveredAfterMs: number | undefined
  /** No other disturbance lasted into that time. */
  readonly isAlone: boolean
}

export interface RecoveryOfKind {
  readonly how: How
  readonly victim: Victim
  readonly count: number
  /** Undefined when none of them could be measured. */
  readonly medianMs: number | undefined
  readonly worstMs: number | undefined
  /** Of those that were alone. */
  readonly worstAloneMs: number | undefined
}

interface Open {
  readonly fromMs: number
  readonly waiting: Set<number>
  lastMs: number | undefined
}

/**
 * From the kill or the stop of a process, or from the moment at which a killed server answered again, until each of its
 * partitions has delivered an event that was published after that moment. A stop is measured from its beginning, because
 * others are to take over. `arrivals` in their order.
 */
export function recoveriesOf(disturbances: readonly Disturbance[], series: readonly SeriesBook[], arrivals: readonly Arrival[], partitions: number): Recovery[] {
  const books = new Map(series.map((book) => [book.seriesId, { book, partition: partitionOfSeries(book, partitions) }]))
  const all = new Set([...books.values()].map(({ partition }) => partition))
  const opens = disturbances.map((disturbance): Open => ({
    fromMs: workMayGoOnAt(disturbance),
    waiting: new Set(disturbance.partitions === 'all' ? all : [...disturbance.partitions].filter((partition) => all.has(partition))),
    lastMs: undefined,
  }))
  for (const { seriesId, step, atMs } of arrivals) {
    const found = books.get(seriesId)
    const sentAtMs = found?.book.records[step]?.sentAtMs
    if (!found || sentAtMs === undefined) continue
    for (const open of opens) if (sentAtMs >= open.fromMs && open.waiting.delete(found.partition)) open.lastMs = atMs
  }
  return disturbances.map((disturbance, index) => {
    const { lastMs, fromMs } = opens[index] ?? { lastMs: undefined, fromMs: 0 }
    const others = disturbances.filter((other) => other !== disturbance)
    return {
      disturbance,
      recoveredAfterMs: lastMs === undefined ? undefined : lastMs - fromMs,
      isAlone: others.every((other) => other.overAtMs < disturbance.atMs || other.atMs > Math.max(disturbance.overAtMs, lastMs ?? 0)),
    }
  })
}

const workMayGoOnAt = ({ victim, atMs, overAtMs }: Disturbance) => (victim === 'postgresql' || victim === 'rabbitmq' ? overAtMs : atMs)

/** In the order in which the kinds came first. */
export function recoveryByKind(recoveries: readonly Recovery[]): RecoveryOfKind[] {
  const kinds = new Map<string, Recovery[]>()
  for (const recovery of recoveries) {
    const { how, victim } = recovery.disturbance
    kinds.set(`${how} ${victim}`, [...(kinds.get(`${how} ${victim}`) ?? []), recovery])
  }
  return [...kinds.values()].flatMap((ofKind) => {
    const [first] = ofKind
    const times = sortedTimes(ofKind)
    if (!first) return []
    const { how, victim } = first.disturbance
    const worstAloneMs = sortedTimes(ofKind.filter(({ isAlone }) => isAlone)).at(-1)
    return [{ how, victim, count: ofKind.length, medianMs: times[Math.floor((times.length - 1) / 2)], worstMs: times.at(-1), worstAloneMs }]
  })
}

const sortedTimes = (recoveries: readonly Recovery[]) => recoveries.flatMap(({ recoveredAfterMs }) => recoveredAfterMs ?? []).sort((a, b) => a - b)
