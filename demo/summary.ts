import type { Ledger } from './ledger.ts'
import { checkOrder } from './order-check.ts'

export interface Summary {
  /** One line per receiver. */
  readonly perReceiver: readonly string[]
  /** The totals of all receivers, in one line. */
  readonly counts: string
  /** Nothing lost, nothing out of order, nothing that no publish explains. */
  readonly isFine: boolean
}

/** Summarizes a run in which every receiver should get every event. Pure. */
export function summarise(
  { publications, arrivals }: Pick<Ledger, 'publications' | 'arrivals'>,
  receivers: readonly string[],
): Summary {
  const each = receivers.map((receiver) => {
    const verdict = checkOrder(
      publications,
      arrivals.filter((arrival) => arrival.receiver === receiver),
    )
    const { delivered, lost, outOfOrder, duplicates, unexplained } = verdict
    return {
      receiver,
      delivered,
      lost: lost.length,
      outOfOrder: outOfOrder.length,
      duplicates: duplicates.length,
      unexplained: unexplained.length,
    }
  })
  const total = (key: keyof Counts) => each.reduce((sum, counts) => sum + counts[key], 0)
  const all: Counts = {
    delivered: total('delivered'),
    lost: total('lost'),
    outOfOrder: total('outOfOrder'),
    duplicates: total('duplicates'),
    unexplained: total('unexplained'),
  }
  return {
    perReceiver: each.map(
      (counts) => `${counts.receiver.padEnd(8)} expected ${publications.length}, ${countsText(counts)}`,
    ),
    counts: `published ${publications.length}, ${countsText(all)}`,
    isFine: all.lost + all.outOfOrder + all.unexplained === 0,
  }
}

interface Counts {
  readonly delivered: number
  readonly lost: number
  readonly outOfOrder: number
  readonly duplicates: number
  readonly unexplained: number
}

const countsText = ({ delivered, lost, outOfOrder, duplicates, unexplained }: Counts) =>
  `delivered ${delivered}, lost ${lost}, out of order ${outOfOrder}, duplicates ${duplicates}` +
  (unexplained > 0 ? `, unexplained ${unexplained}` : '')
