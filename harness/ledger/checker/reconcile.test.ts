import { expect, test } from 'vitest'
import type { Step } from '../plan/publish-plan.ts'
import { reconcile, type RunHistory } from './reconcile.ts'
import type { Arrival } from './ledger-targets.ts'

const TARGETS = ['steady', 'second'] as const

const event = (ends?: 'flag' | 'delete_flag'): Step => ({ kind: 'event', ends, paddingBytes: 0 })
const END: Step = { kind: 'end_series' }

interface Sent {
  readonly step: number
  readonly number: number
  readonly copy?: string
}

function arrivalAt(target: string, { step, number, copy = 'a' }: Sent, atMs: number): Arrival {
  const eventUuid = `event-${step}${copy}`
  return {
    target,
    seriesId: 's',
    step,
    number,
    eventUuid,
    notificationUuid: `${target} ${eventUuid}`,
    bodyHash: `${target} ${eventUuid}`,
    atMs,
    answer: 'ok',
  }
}

/** One series, published without trouble, whose events arrive in this order at every target, 10 ms apart. */
function books(steps: readonly Step[], sent: readonly Sent[], changes: Partial<RunHistory> = {}): RunHistory {
  const records = steps.map((step, index) => ({
    uuid: step.kind === 'event' ? `event-${index}a` : undefined,
    isStored: true,
    sentAtMs: 0,
    unknowns: 0,
  }))
  return {
    series: [{ seriesId: 's', subject: 's', steps, records }],
    targets: TARGETS.map((name) => ({ name, seriesId: undefined })),
    arrivals: sent.flatMap((one, index) => TARGETS.map((target) => arrivalAt(target, one, 1000 + 10 * index))),
    injected: [],
    hasKeys: true,
    ...changes,
  }
}

const three = () =>
  books(
    [event(), event(), event()],
    [
      { step: 0, number: 1 },
      { step: 1, number: 2 },
      { step: 2, number: 3 },
    ],
  )

const kindsIn = (given: RunHistory) => new Set(reconcile(given).anomalies.map((fault) => fault.kind))

/** The books with the arrivals of one target changed. */
const changed = (given: RunHistory, target: string, change: (arrivals: Arrival[]) => Arrival[]): RunHistory => ({
  ...given,
  arrivals: [
    ...given.arrivals.filter((arrival) => arrival.target !== target),
    ...change(given.arrivals.filter((arrival) => arrival.target === target)),
  ],
})

const at = (arrivals: readonly Arrival[], index: number): Arrival => {
  const arrival = arrivals[index]
  if (!arrival) throw new Error(`no arrival ${index}`)
  return arrival
}

test('books that agree have no discrepancy', () => {
  expect(reconcile(three())).toEqual({ anomalies: [], duplicates: [], extraCopies: 0 })
})

test('an acknowledged event that is missing at one target is lost', () => {
  expect(reconcile(changed(three(), 'second', (arrivals) => arrivals.slice(0, 2))).anomalies).toEqual([
    { kind: 'lost', detail: 's step 2 (event-2a) at second' },
  ])
})

test('an acknowledged event that came nowhere is lost at every target', () => {
  const given = three()
  const { anomalies } = reconcile({ ...given, arrivals: given.arrivals.filter((arrival) => arrival.step !== 2) })
  expect(anomalies.map((fault) => fault.detail)).toEqual([
    's step 2 (event-2a) at steady',
    's step 2 (event-2a) at second',
  ])
})

test('an event that was only ever rejected is lost', () => {
  expect(
    kindsIn(
      changed(three(), 'steady', (arrivals) =>
        arrivals.map((arrival) => (arrival.step === 2 ? { ...arrival, answer: 'rejected' } : arrival)),
      ),
    ),
  ).toEqual(new Set(['lost']))
})

test('a number that is left out is a gap', () => {
  expect(
    kindsIn(
      books(
        [event(), event(), event()],
        [
          { step: 0, number: 1 },
          { step: 1, number: 2 },
          { step: 2, number: 4 },
        ],
      ),
    ),
  ).toEqual(new Set(['hole']))
})

test('a number that differs between targets is a gap', () => {
  expect(
    kindsIn(
      changed(three(), 'second', (arrivals) => arrivals.map((arrival) => ({ ...arrival, number: arrival.number + 1 }))),
    ),
  ).toEqual(new Set(['hole']))
})

test('numbers against the order of the publisher are gaps', () => {
  expect(
    kindsIn(
      books(
        [event(), event()],
        [
          { step: 1, number: 1 },
          { step: 0, number: 2 },
        ],
      ),
    ),
  ).toEqual(new Set(['hole', 'violation']))
})

test('two events that change places on their way are a violation', () => {
  expect(
    kindsIn(changed(three(), 'steady', (arrivals) => [at(arrivals, 1), at(arrivals, 0), at(arrivals, 2)])),
  ).toEqual(new Set(['violation']))
})

test('an event that comes after a rejection of the one before is a violation', () => {
  const early = changed(three(), 'steady', (arrivals) => [
    { ...at(arrivals, 0), answer: 'rejected' },
    at(arrivals, 1),
    at(arrivals, 0),
    at(arrivals, 2),
  ])
  expect(kindsIn(early)).toEqual(new Set(['violation']))
})

test('an event that comes again after a later one is a violation, kill or not', () => {
  const again = changed(three(), 'steady', (arrivals) => [...arrivals, { ...at(arrivals, 0), atMs: 3000 }])
  expect(kindsIn({ ...again, injected: [{ victim: 'dispatcher', how: 'kill', atMs: 1500, overAtMs: 2500 }] })).toEqual(
    new Set(['violation']),
  )
})

test('an event that a stopped dispatcher sends again, after others have sent later ones, is a duplicate', () => {
  const again = changed(three(), 'steady', (arrivals) => [...arrivals, { ...at(arrivals, 0), atMs: 9000 }])
  const stopped = (victim: 'api' | 'dispatcher') =>
    reconcile({ ...again, injected: [{ victim, how: 'stop', atMs: 1005, overAtMs: 8990 }] })
  expect(stopped('dispatcher')).toMatchObject({ anomalies: [], duplicates: [{ explainedBy: { faultAfterMs: 5 } }] })
  expect(stopped('api').anomalies.map((fault) => fault.kind)).toEqual(['unexplained_duplicate', 'violation'])
})

test('a retry with another body is found', () => {
  const retried = changed(three(), 'steady', (arrivals) => [
    { ...at(arrivals, 0), answer: 'rejected', bodyHash: 'another' },
    ...arrivals,
  ])
  expect(kindsIn(retried)).toEqual(new Set(['different_body']))
})

test('a second notification for the same event is found', () => {
  const second = changed(three(), 'steady', (arrivals) => [
    at(arrivals, 0),
    { ...at(arrivals, 0), notificationUuid: 'another' },
    ...arrivals.slice(1),
  ])
  expect(kindsIn(second)).toEqual(new Set(['different_body']))
})

test('a repetition without a kill is unexplained', () => {
  const repeated = changed(three(), 'steady', (arrivals) => [...arrivals, { ...at(arrivals, 2), atMs: 3000 }])
  expect(kindsIn(repeated)).toEqual(new Set(['unexplained_duplicate']))
})

test.each([
  ['a flag', [event(), event('flag'), event()]],
  ['the endpoint', [event(), event(), END, event()]],
  ['a delete flag', [event(), event('delete_flag'), event()]],
])('after the end of a series by %s the next event has number 1', (_how, steps) => {
  const last = steps.length - 1
  expect(
    kindsIn(
      books(steps, [
        { step: 0, number: 1 },
        { step: 1, number: 2 },
        { step: last, number: 1 },
      ]),
    ),
  ).toEqual(new Set())
  expect(
    kindsIn(
      books(steps, [
        { step: 0, number: 1 },
        { step: 1, number: 2 },
        { step: last, number: 3 },
      ]),
    ),
  ).toEqual(new Set(['hole']))
})

test('without keys a retry after an unknown outcome may make a second event, next to the first', () => {
  const sent = [
    { step: 0, number: 1, copy: 'b' },
    { step: 0, number: 2 },
    { step: 1, number: 3 },
  ]
  const given = books([event(), event()], sent, { hasKeys: false })
  const unknown = {
    ...given,
    series: given.series.map((series) => ({
      ...series,
      records: series.records.map((record) => ({ ...record, unknowns: 1 })),
    })),
  }
  expect(reconcile(unknown)).toEqual({ anomalies: [], duplicates: [], extraCopies: 1 })
  expect(kindsIn(given)).toEqual(new Set(['excess_copy']))
  expect(kindsIn({ ...unknown, hasKeys: true })).toEqual(new Set(['excess_copy']))
  expect(
    kindsIn(changed(unknown, 'second', (arrivals) => arrivals.filter((arrival) => arrival.eventUuid !== 'event-0b'))),
  ).toEqual(new Set(['lost', 'violation']))
})

test('a removed target must get all events up to the one that removes it, and may get some later ones', () => {
  const given = books(
    [event(), event('delete_flag'), event(), event()],
    [
      { step: 0, number: 1 },
      { step: 1, number: 2 },
      { step: 2, number: 1 },
      { step: 3, number: 2 },
    ],
    {
      targets: [
        { name: 'steady', seriesId: undefined },
        { name: 'second', seriesId: 's' },
      ],
    },
  )
  const gets = (...steps: number[]) =>
    kindsIn(changed(given, 'second', (arrivals) => arrivals.filter((arrival) => steps.includes(arrival.step))))
  expect(gets(0, 1)).toEqual(new Set())
  expect(gets(0, 1, 2)).toEqual(new Set())
  expect(gets(0)).toEqual(new Set(['lost']))
  expect(gets(0, 1, 3)).toEqual(new Set(['lost', 'violation']))
})

test('a target that nothing has removed yet must get all events', () => {
  const given = books(
    [event(), event()],
    [
      { step: 0, number: 1 },
      { step: 1, number: 2 },
    ],
    {
      targets: [
        { name: 'steady', seriesId: undefined },
        { name: 'second', seriesId: 's' },
      ],
    },
  )
  expect(kindsIn(changed(given, 'second', (arrivals) => arrivals.slice(0, 1)))).toEqual(new Set(['lost']))
})

test('an event that nobody published is a stranger', () => {
  const given = three()
  expect(
    kindsIn({ ...given, arrivals: [...given.arrivals, { ...at(given.arrivals, 0), seriesId: 'another' }] }),
  ).toContain('stranger')
})
