import { NewerFormat } from '../broker.ts'
import type { InboxRecord } from '../inbox.ts'
import type { PartitionConsumer } from './partition-consumer.ts'
import { PUMP_LIMITS, type Alone, type PumpState } from './pump-state.ts'

/** The shortest is for those who are due and have nothing that can be taken. */
const REST_MS = { least: 10, most: 1000 } as const

/** What was delivered for a partition. */
export type PumpSource = Pick<PartitionConsumer, 'waiting' | 'peek' | 'acknowledge' | 'quarantineHead'>

/** A partition that has records waiting. */
export interface Candidate {
  readonly partition: number
  readonly source: PumpSource
  readonly state: PumpState
}

/** The first records of a partition, for a statement. */
export interface Head {
  readonly partition: number
  readonly source: PumpSource
  readonly records: readonly InboxRecord[]
}

/**
 * Returns the partitions of the next statement, and how many records it may have. In turn: those that are pumped
 * together, beginning with another one each time, and the one of the others that is due for the longest.
 */
export function chooseNext(
  candidates: readonly Candidate[],
  { turn, nowMs }: { readonly turn: number; readonly nowMs: number },
): { readonly chosen: readonly Candidate[]; readonly records: number } {
  const together = candidates.filter(({ state }) => state.kind === 'together')
  const [first] = candidates.flatMap((one) => dueAlone(one, nowMs)).sort((a, b) => a.state.dueMs - b.state.dueMs)
  if (first && (turn % 2 === 0 || together.length === 0)) return { chosen: [first], records: first.state.records }
  const start = turn % Math.max(1, together.length)
  return { chosen: [...together.slice(start), ...together.slice(0, start)], records: PUMP_LIMITS.records }
}

function dueAlone(one: Candidate, nowMs: number): (Candidate & { readonly state: Alone })[] {
  const { state } = one
  return state.kind === 'alone' && state.dueMs <= nowMs ? [{ ...one, state }] : []
}

/** Returns how long nothing can be done, in ms. */
export function restUntilDue(candidates: readonly Candidate[], nowMs: number): number {
  const due = candidates.map(({ state }) => (state.kind === 'alone' ? state.dueMs - nowMs : REST_MS.most))
  return Math.max(REST_MS.least, Math.min(REST_MS.most, ...due))
}

/**
 * Returns what these partitions have, each its share of so many records, and of 4 MiB in their order. The last one may
 * exceed these by one record.
 */
export function peekHeads(
  chosen: readonly Candidate[],
  records: number,
  onNewerFormat: (candidate: Candidate, error: NewerFormat) => void,
): Head[] {
  const share = Math.max(1, Math.floor(records / Math.max(1, chosen.length)))
  const heads: Head[] = []
  let bytes: number = PUMP_LIMITS.bytes
  for (const candidate of chosen) {
    if (bytes <= 0) break
    const peeked = peekHead(candidate, share, bytes, onNewerFormat)
    if (peeked.length === 0) continue
    bytes -= peeked.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0)
    heads.push({ partition: candidate.partition, source: candidate.source, records: peeked })
  }
  return heads
}

function peekHead(
  candidate: Candidate,
  records: number,
  bytes: number,
  onNewerFormat: (candidate: Candidate, error: NewerFormat) => void,
): readonly InboxRecord[] {
  try {
    return candidate.source.peek(records, bytes)
  } catch (error) {
    if (!(error instanceof NewerFormat)) throw error
    onNewerFormat(candidate, error)
    return []
  }
}
