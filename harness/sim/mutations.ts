import type { Patch } from './run/compiled-tree.ts'

/** A way to break the service on purpose: a simulation that does not notice it proves nothing. */
export interface Mutation {
  readonly name: string
  /** What is wrong with the service then. */
  readonly breaks: string
  readonly patches: readonly Patch[]
}

const mutation = (name: string, breaks: string, file: string, search: string, replace: string): Mutation => ({
  name,
  breaks,
  patches: [{ file: `server/${file}`, search, replace }],
})

export const MUTATIONS: readonly Mutation[] = [
  mutation(
    'next-before-commit',
    'the next notification of a lane goes out before the settlement of its head has committed',
    'delivery/settler.ts',
    `    await settleNotifications(db, owned, settlements, batch.flatMap(removalPositions))
    const done = new Set(batch)
`,
    `    const removals = batch.flatMap(removalPositions)
    const later = batch.splice(0)
    for (const item of later) onSettled(item.lane, item.settlements)
    await settleNotifications(db, owned, settlements, removals)
    const done = new Set(later)
`,
  ),
  mutation(
    'unknown-settlement-is-done',
    'a settlement with unknown outcome counts as written',
    'delivery/settler.ts',
    `      if (!isContentError(error)) throw error
      await oneByOne`,
    `      if (!isContentError(error)) {
        queue = queue.filter((item) => !batch.includes(item))
        for (const item of batch) onSettled(item.lane, item.settlements)
        return 0
      }
      await oneByOne`,
  ),
  mutation(
    'no-fence',
    'settlements do not ask whether the partition is still ours',
    'lanes/final-settlement-store.ts',
    '    rows.map((one) => one.partition),',
    '    rows.slice(0, 0).map((one) => one.partition),',
  ),
  mutation(
    'watermark-is-cursor',
    'the watermark passes what is not settled',
    'lanes/partition-lanes.ts',
    'oldest ? oldest.position - 1 : this.cursor',
    'oldest && oldest.position < 0 ? 0 : this.cursor',
  ),
  mutation(
    'thawed-without-look',
    'a lane that memory has worked off is forgotten, whatever the table says of it',
    'lanes/lane-steps.ts',
    '      if (!isGone) outlet',
    '      if (isGone) outlet',
  ),
  mutation(
    'cold-kept-in-memory',
    'what a dispatch adds to a lane with a row is kept as if the lane were in memory',
    'lanes/lane-additions.ts',
    'if (isCold || known?.freeze?.leaves === true) {',
    'if (known?.freeze?.leaves === true) {',
  ),
  mutation(
    'no-rebuild',
    'memory is not read again after a dispatch with an unknown outcome',
    'dispatch/dispatch.ts',
    'else if (isMovedCursor(cause) || !isRolledBack(cause)) lanes.uncertain(partitions)',
    'else if (isMovedCursor(cause)) lanes.uncertain(partitions)',
  ),
  mutation(
    'no-rebuild-at-moved-cursor',
    'memory is not read again when something else has dispatched',
    'dispatch/dispatch.ts',
    'else if (isMovedCursor(cause) || !isRolledBack(cause)) lanes.uncertain(partitions)',
    'else if (isMovedCursor(cause) && isOurs) news.add(partitions)',
  ),
  mutation(
    'rebuilt-beside-a-ghost',
    'memory is read again while the statement in doubt may still commit',
    'lanes/lane-keeper.ts',
    `home.state = 'uncertain'
      else if (home?.state === 'closing') memory.steps.repeatFreezes(home)
    }
    ownership.renew(ids)`,
    `home.state = 'loading'
    }`,
  ),
  mutation(
    'freeze-of-a-hand-over-lost',
    'a freeze without an answer is not repeated while its partition is handed over',
    'lanes/lane-steps.ts',
    'for (const lane of lanes.values()) if (lane.freeze) freezes.add(lane)',
    '',
  ),
  mutation(
    'unknown-freeze-forgotten',
    'a freeze with an unknown outcome counts as done',
    'lanes/row-writer.ts',
    'else onUncertain(partitions)',
    'else onUncertain([])',
  ),
  mutation(
    'rebuild-forgets-heads',
    'what is on the wire is forgotten when a partition is read again',
    'lanes/lane-additions.ts',
    "if (lane.step !== 'sending' && lane.step !== 'settling' && !mustBeWritten) steps.forget(lane)",
    'if (!mustBeWritten) steps.forget(lane)',
  ),
  mutation(
    'settled-while-read',
    'outcomes are written while a partition is read again',
    'delivery/settler.ts',
    "home.state === 'uncertain' || home.state === 'loading' || ",
    '',
  ),
  mutation(
    'former-release-may-take',
    'a former release may take partitions with lanes without rows',
    'broker/broker.ts',
    'export const KEEPS_LANES_FORMAT = 2',
    'export const KEEPS_LANES_FORMAT = 1',
  ),
  mutation(
    'hint-version-ignored',
    'a claim discards a hint that came after it had begun',
    'delivery/hints.ts',
    'if (!known || known.version !== snapshot.version) return',
    'if (!known) return',
  ),
  mutation(
    'lease-from-answer',
    'the lease counts from the answer to its renewal instead of from before',
    'ownership/lease.ts',
    'heldUntil = startedAt + LEASE_MS - SAFETY_MS',
    'heldUntil = clock() + LEASE_MS - SAFETY_MS',
  ),
  mutation(
    'lease-not-checked',
    'a request goes out without a look at the lease',
    'delivery/wire.ts',
    '    ownership.isLeaseHeld() && ',
    '    ',
  ),
  mutation(
    'epoch-not-compared',
    'a request goes out although the partition is not, or no longer, open',
    'delivery/wire.ts',
    'isOpen(home) && ',
    '',
  ),
  mutation(
    'released-before-written',
    'a partition is released before the outcomes of its attempts are written',
    'delivery/drain.ts',
    'const isWritten = await within(LAST_SETTLEMENTS_MS, idle(partition), machine)',
    'const isWritten = await within(LAST_SETTLEMENTS_MS, Promise.resolve(idle), machine)',
  ),
  mutation(
    'deleted-is-sent',
    'deletions are looked for, and nobody is told',
    'lanes/deletions.ts',
    'if (found.targetIds.length > 0) onDeleted(found.targetIds)',
    'if (found.targetIds.length < 0) onDeleted(found.targetIds)',
  ),
  mutation(
    'old-looks',
    'a look for deletions may be as old as it likes when a request goes out',
    'lanes/deletions.ts',
    'const MAX_AGE_MS = 1500',
    'const MAX_AGE_MS = 150_000',
  ),
  mutation(
    'attempts-forgotten',
    'a lane that gets a row begins to count its attempts anew',
    'lanes/row-writer.ts',
    `  attempts: freeze.attempts,
`,
    `  attempts: 0 * freeze.attempts,
`,
  ),
  mutation(
    'asked-wait-is-cut',
    'a lane whose receiver has asked for a wait is woken like the others',
    'lanes/lane-steps.ts',
    'wakesAfterMs: askedMs',
    'wakesAfterMs: 0 * askedMs',
  ),
  mutation(
    'woken-by-any-success',
    'lanes are woken as of a minute after the moment in which their address worked again',
    'delivery/breaker/breakers.ts',
    'last.time : null',
    'new Date(last.time.getTime() + 60_000) : null',
  ),
  mutation(
    'held-without-row',
    'a hot lane that a breaker holds back leaves memory without a row',
    'lanes/lane-steps.ts',
    'if (!lane.isCold || lane.freeze) {',
    'if (lane.freeze) {',
  ),
  mutation(
    'lost-probe',
    'a probe that was not sent after all counts as under way',
    'delivery/delivery.ts',
    `    breakers.withdrawn(lane)
    steps.notSent(lane)`,
    '    steps.notSent(lane)',
  ),
  mutation(
    'series-goes-on',
    'the counter of a series outlives its end',
    'dispatch/number.ts',
    'endsSeries(record) ? null : before + 1',
    'endsSeries(record) && before < 0 ? null : before + 1',
  ),
  mutation(
    'not-counted-down',
    'a settlement does not say which events remove subscriptions',
    'delivery/settler.ts',
    'waiting.event.deletesSubscriptions === false ? [] : [position]',
    '(waiting.event.deletesSubscriptions === false || position > 0) ? [] : [position]',
  ),
  mutation(
    'fan-out-unknown-at-a-hand-over',
    'a dispatch under way overlooks the fan-outs of a partition whose hand-over has begun',
    'lanes/lane-keeper.ts',
    'fanOuts: () => fanOutsOf(() => true),',
    'fanOuts: () => fanOutsOf(isOpen),',
  ),
  mutation(
    'unknown-is-not-stored',
    'a publisher is told "not stored" although the outcome is unknown',
    'broker/database-broker.ts',
    "if (!(error instanceof pg.DatabaseError) || error.severity !== 'ERROR') return 'unknown'",
    "if (!(error instanceof pg.DatabaseError) || error.severity !== 'ERROR') return 'not_stored'",
  ),
  mutation(
    'acknowledged-before-stored',
    'a publisher gets its 200 before the record is written',
    'publish/batch-writer.ts',
    '      const reused = await broker.publish(',
    `      for (const entry of batch) entry.settle()
      const reused = await broker.publish(`,
  ),
  mutation(
    'position-order-lost',
    'the numbers of a batch follow its series, not the positions of its records',
    'dispatch/number.ts',
    '  for (const record of records) {',
    '  for (const record of [...records].sort((a, b) => Number(b.endsSeries) - Number(a.endsSeries))) {',
  ),
  mutation(
    'overtakes-fan-out',
    'a later event of a series does not wait for the fan-out before it',
    'dispatch/large-events.ts',
    '(large.has(position) || (seriesKey !== null && waiting.has(seriesKey)))',
    '(large.has(position) || (seriesKey === null && waiting.has(String(position))))',
  ),
  mutation(
    'fan-out-passed',
    'the watermark passes a fan-out that is not inserted',
    'lanes/partition-lanes.ts',
    'firstLate(this.fanOuts) - 1',
    'firstLate(new Map()) - 1',
  ),
  mutation(
    'slice-passed',
    'the watermark passes what was inserted of a fan-out and is not settled',
    'lanes/partition-lanes.ts',
    '      if (waiting.position < last) noteLate(waiting)',
    '      if (waiting.position < last) late.clear()',
  ),
  mutation(
    'unknown-slice-forgotten',
    'memory is not read again after a slice with an unknown outcome',
    'dispatch/expander.ts',
    'else if (isMovedCursor(error) || !isRolledBack(error))',
    'else if (isMovedCursor(error) && isRolledBack(error))',
  ),
  mutation(
    'fan-out-not-taken-over',
    'a take-over does not look for fan-outs',
    'lanes/load-partition.ts',
    'const fanOuts = await readFanOuts(db, [{ partition: home.partition, after: 0 }])',
    'const fanOuts = await readFanOuts(db, [{ partition: home.partition, after: Infinity }])',
  ),
]
