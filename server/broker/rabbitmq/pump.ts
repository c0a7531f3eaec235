import { DatabaseUnreachable, type Database } from '../../db/database.ts'
import type { OwnedPartitions } from '../../db/fence.ts'
import type { Log } from '../../log.ts'
import { createFailureLog, type FailureLog } from '../../runtime/failure-log.ts'
import { createLoop, type Idle, type WakeableWorker } from '../../runtime/loop.ts'
import { MACHINE, type Machine } from '../../runtime/machine.ts'
import type { NewerFormat } from '../broker.ts'
import { insertOwnedRecords } from '../inbox.ts'
import { codeInBrackets } from './broker-errors.ts'
import { chooseNext, peekHeads, restUntilDue, type Candidate, type Head, type PumpSource } from './pump-heads.ts'
import { afterFailure, afterSuccess, delayed, TOGETHER, type PumpState } from './pump-state.ts'

export interface PumpDeps {
  /** One connection, with a limit for locks: whoever waits for one holds up the others no longer than that. */
  readonly db: Pick<Database, 'query'>
  /** The partitions whose records this process may insert. */
  readonly owned: () => OwnedPartitions
  /** The partitions that are consumed. */
  readonly sources: ReadonlyMap<number, PumpSource>
  /** Records are in the inbox. */
  readonly onStored: (partitions: ReadonlySet<number>) => void
  /** The next record of this partition has a newer format. */
  readonly onNewerFormat: (partition: number) => void
  readonly log: Log
  readonly machine?: Machine | undefined
}

/**
 * Inserts what the queues deliver into the inbox, and acknowledges it then. One statement at a time, with the records
 * of all owned partitions in it; what fails is found by pumping its partitions alone. The head of a partition stays
 * what it is until it is known to be committed, so nothing is inserted before what is in front of it, and what is
 * inserted once more after an unknown outcome is dropped by its uuid.
 */
export interface Pump extends WakeableWorker {
  /** Resolves when no statement with records of this partition is under way. */
  idle(partition: number): Promise<void>
  /** Returns the failures of partitions that cannot be pumped, each in a few words. */
  problems(): string[]
}

interface Progress {
  readonly state: PumpState
  readonly failures: FailureLog
}

export function createPump({ db, owned, sources, onStored, onNewerFormat, log, machine = MACHINE }: PumpDeps): Pump {
  /** By source: whoever gives a partition up and takes it again begins anew. */
  const progress = new WeakMap<PumpSource, Progress>()
  let underWay: { readonly partitions: ReadonlySet<number>; readonly ended: Promise<void> } | undefined
  let turn = 0

  const stateOf = (source: PumpSource) => progress.get(source)?.state ?? TOGETHER
  const failuresOf = (partition: number, source: PumpSource) =>
    progress.get(source)?.failures ?? createFailureLog(log, `rabbitmq pump of partition ${partition}`)
  const setState = (partition: number, source: PumpSource, state: PumpState) =>
    progress.set(source, { state, failures: failuresOf(partition, source) })

  async function tick(): Promise<number | Idle> {
    const mine = owned()
    const nowMs = machine.now()
    const candidates = [...sources]
      .filter(([partition, source]) => mine.epochs.has(partition) && source.waiting() > 0)
      .map(([partition, source]) => ({ partition, source, state: stateOf(source) }))
    turn += 1
    const { chosen, records } = chooseNext(candidates, { turn, nowMs })
    const heads = peekHeads(chosen, records, giveUp)
    if (heads.length === 0) return { restMs: restUntilDue(candidates, nowMs) }
    const storing = store(mine, heads)
    underWay = {
      partitions: new Set(heads.map(({ partition }) => partition)),
      ended: storing.catch(() => undefined),
    }
    await storing.finally(() => (underWay = undefined))
    return 0
  }

  function giveUp({ partition, source }: Candidate, error: NewerFormat): void {
    setState(partition, source, delayed({ error, records: 1, failures: 1, nowMs: machine.now() }))
    onNewerFormat(partition)
  }

  async function store(mine: OwnedPartitions, heads: readonly Head[]): Promise<void> {
    try {
      await insertOwnedRecords(
        db,
        mine,
        heads.flatMap(({ records }) => records),
      )
    } catch (error) {
      // Nothing was sent: no partition is to blame.
      if (error instanceof DatabaseUnreachable) throw error
      for (const head of heads) fail(head, error, heads.length === 1)
      return
    }
    for (const { partition, source } of heads) {
      source.acknowledge()
      failuresOf(partition, source).markHealthy()
      setState(partition, source, afterSuccess(stateOf(source)))
    }
    onStored(new Set(heads.map(({ partition }) => partition)))
  }

  function fail({ partition, source, records }: Head, error: unknown, wasAlone: boolean): void {
    const nowMs = machine.now()
    const state = stateOf(source)
    const after = afterFailure(state, { error, records: records.length, wasAlone, nowMs })
    if (after === 'quarantine') {
      const [record] = records
      if (source.quarantineHead()) {
        log.error({ partition, event: record?.uuid, err: error }, 'a record cannot be stored as it is')
        setState(partition, source, { kind: 'alone', dueMs: nowMs, records: 1, failures: 0 })
        return
      }
    }
    const failures = state.kind === 'alone' ? state.failures + 1 : 1
    const next = after === 'quarantine' ? delayed({ error, records: 1, failures, nowMs }) : after
    setState(partition, source, next)
    if (next.failures > 0) failuresOf(partition, source).failed(error)
  }

  const loop = createLoop({ name: 'rabbitmq pump', log, tick, machine })
  return {
    start: loop.start,
    stop: loop.stop,
    wake: loop.wake,
    idle: (partition) => (underWay?.partitions.has(partition) ? underWay.ended : Promise.resolve()),
    problems: () => [...sources].flatMap(([partition, source]) => problemOf(partition, stateOf(source))),
  }
}

const problemOf = (partition: number, state: PumpState): string[] =>
  state.kind === 'alone' && state.error !== undefined
    ? [`partition ${partition} cannot be stored${codeInBrackets(state.error)}`]
    : []
