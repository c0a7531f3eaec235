import type { InjectedFault, FaultAction, Victim } from '../faults/injected-fault.ts'
import { partitionOfSeries } from '../plan/series-partition.ts'
import type { SeriesHistory } from '../publish/publishers.ts'
import type { Arrival } from './ledger-targets.ts'

/** How long the service took to work again after one fault. */
export interface Recovery {
  readonly fault: InjectedFault
  /** Undefined if nothing was published to its partitions afterwards, so that there is nothing to measure. */
  readonly recoveredAfterMs: number | undefined
  /** No other fault lasted into that time. */
  readonly isAlone: boolean
}

export interface RecoveryOfKind {
  readonly how: FaultAction
  readonly victim: Victim
  readonly count: number
  /** Undefined if none of them could be measured. */
  readonly medianMs: number | undefined
  readonly worstMs: number | undefined
  /** The worst of those that were alone. */
  readonly worstAloneMs: number | undefined
}

interface Open {
  readonly fromMs: number
  readonly waiting: Set<number>
  lastMs: number | undefined
}

/**
 * Measures the recovery from each fault: from the kill or stop of a process, or from the time when a killed server
 * responded again, until each of its partitions has delivered an event that was published after that time. A stop is
 * measured from its beginning, because other processes have to take over. `arrivals` are in order of arrival. Pure.
 */
export function recoveriesOf(
  faults: readonly InjectedFault[],
  series: readonly SeriesHistory[],
  arrivals: readonly Arrival[],
  partitions: number,
): Recovery[] {
  const books = new Map(series.map((book) => [book.seriesId, { book, partition: partitionOfSeries(book, partitions) }]))
  const all = new Set([...books.values()].map(({ partition }) => partition))
  const opens = faults.map((fault): Open => ({
    fromMs: workMayGoOnAt(fault),
    waiting: new Set(
      fault.partitions === 'all' ? all : [...fault.partitions].filter((partition) => all.has(partition)),
    ),
    lastMs: undefined,
  }))
  for (const { seriesId, step, atMs } of arrivals) {
    const found = books.get(seriesId)
    const sentAtMs = found?.book.records[step]?.sentAtMs
    if (!found || sentAtMs === undefined) continue
    for (const open of opens) if (sentAtMs >= open.fromMs && open.waiting.delete(found.partition)) open.lastMs = atMs
  }
  return faults.map((fault, index) => {
    const { lastMs, fromMs } = opens[index] ?? { lastMs: undefined, fromMs: 0 }
    const others = faults.filter((other) => other !== fault)
    return {
      fault,
      recoveredAfterMs: lastMs === undefined ? undefined : lastMs - fromMs,
      isAlone: others.every(
        (other) => other.overAtMs < fault.atMs || other.atMs > Math.max(fault.overAtMs, lastMs ?? 0),
      ),
    }
  })
}

const workMayGoOnAt = ({ victim, atMs, overAtMs }: InjectedFault) =>
  victim === 'postgresql' || victim === 'rabbitmq' ? overAtMs : atMs

/** Summarizes the recoveries by kind of fault, in order of first occurrence. */
export function recoveryByKind(recoveries: readonly Recovery[]): RecoveryOfKind[] {
  const kinds = new Map<string, Recovery[]>()
  for (const recovery of recoveries) {
    const { how, victim } = recovery.fault
    kinds.set(`${how} ${victim}`, [...(kinds.get(`${how} ${victim}`) ?? []), recovery])
  }
  return [...kinds.values()].flatMap((ofKind) => {
    const [first] = ofKind
    const times = sortedTimes(ofKind)
    if (!first) return []
    const { how, victim } = first.fault
    const worstAloneMs = sortedTimes(ofKind.filter(({ isAlone }) => isAlone)).at(-1)
    return [
      {
        how,
        victim,
        count: ofKind.length,
        medianMs: times[Math.floor((times.length - 1) / 2)],
        worstMs: times.at(-1),
        worstAloneMs,
      },
    ]
  })
}

const sortedTimes = (recoveries: readonly Recovery[]) =>
  recoveries.flatMap(({ recoveredAfterMs }) => recoveredAfterMs ?? []).sort((a, b) => a - b)
