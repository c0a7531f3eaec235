import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { MACHINE } from '../../../runtime/machine.ts'
import { createLog } from '../../../log.ts'
import { AppError } from '../../errors.ts'
import { createDoor } from './door.ts'

const KIB = 1024
/** What a request takes inside whose body has 100 KiB: the body twice, a record, and the rest. */
const INSIDE = 217 * KIB
/** What it takes outside. */
const OUTSIDE = 80 * KIB

/** A door with room for so many requests of 100 KiB, inside and outside, of all tenants together. */
function open({ inside = 4, outside = 20 } = {}) {
  const time = { now: 0 }
  const timers: (() => void)[] = []
  const door = createDoor({
    log: createLog({ level: 'silent' }),
    insideBytes: inside * INSIDE,
    outsideBytes: outside * OUTSIDE,
    machine: {
      ...MACHINE,
      now: () => time.now,
      startTimer(_ms, onPassed) {
        timers.push(onPassed)
        return () => undefined
      },
    },
  })

  function enter(tenant: string, bytes = 100 * KIB) {
    const [socket, response] = [new EventEmitter(), new EventEmitter()]
    const request = { headers: { 'content-length': String(bytes) }, socket } as unknown as IncomingMessage
    const guest = { waitedMs: -1, refusal: '', leave: () => response.emit('close'), hangUp: () => socket.emit('close') }
    const decided = (async () =>
      door.enter(request, response as unknown as ServerResponse, {
        tenant,
        maxBodyBytes: 1024 * KIB,
        maxEvents: 1,
      }))()
    decided.then(
      (waitedMs) => (guest.waitedMs = waitedMs),
      (error: unknown) => (guest.refusal = error instanceof AppError ? error.code : 'a bug'),
    )
    return guest
  }

  /** Lets so much time pass, and what follows from it. */
  async function pass(ms = 0) {
    time.now += ms
    for (const timer of timers.splice(0)) timer()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { enter, pass, timers }
}

const isInside = ({ waitedMs }: { readonly waitedMs: number }) => waitedMs >= 0

test('a tenant has half of the room at most, and the others find theirs', async () => {
  const { enter, pass } = open()
  const ofA = [1, 2, 3].map(() => enter('a'))
  const ofB = enter('b')
  await pass()
  expect([...ofA, ofB].map(isInside)).toEqual([true, true, false, true])
  expect(ofB.waitedMs).toBe(0)
})

test('what waits enters when there is room, tenants in turns, and learns how long it has waited', async () => {
  const { enter, pass } = open({ inside: 1 })
  const inside = enter('a')
  const [a1, a2, b1] = [enter('a'), enter('a'), enter('b')]
  await pass(700)
  expect([a1, a2, b1].map(isInside)).toEqual([false, false, false])
  inside.leave()
  await pass()
  expect(a1.waitedMs).toBe(700)
  a1.leave()
  await pass()
  expect([a2, b1].map(isInside)).toEqual([false, true])
  b1.leave()
  await pass()
  expect(isInside(a2)).toBe(true)
})

test('a small request does not overtake a large one of its tenant', async () => {
  const { enter, pass } = open({ inside: 4 })
  const inside = enter('a', 180 * KIB)
  const [large, small] = [enter('a', 180 * KIB), enter('a', KIB)]
  await pass()
  expect([large, small].map(isInside)).toEqual([false, false])
  inside.leave()
  await pass()
  expect([large, small].map(isInside)).toEqual([true, true])
})

test('who has waited for 3 s is refused, and leaves its place to others', async () => {
  const { enter, pass, timers } = open({ inside: 2 })
  const inside = enter('a')
  const early = enter('a')
  await pass(2000)
  const late = enter('a')
  await pass(1000)
  expect([early.refusal, late.refusal]).toEqual(['NTFAPI_BUSY', ''])
  inside.leave()
  await pass()
  expect(late.waitedMs).toBe(1000)
  await pass(60_000)
  expect([late.refusal, timers.length]).toEqual(['', 0])
})

test('when too many of a tenant wait, its next one is refused at once; those of others wait', async () => {
  const { enter, pass } = open({ inside: 1, outside: 4 })
  const ofA = Array.from({ length: 4 }, () => enter('a'))
  const ofB = enter('b')
  await pass()
  expect(ofA.map(({ refusal }) => refusal)).toEqual(['', '', '', 'NTFAPI_BUSY'])
  expect([ofB.refusal, isInside(ofB)]).toEqual(['', false])
})

test('who hangs up outside leaves its place, and gets no room', async () => {
  const { enter, pass } = open({ inside: 2 })
  const inside = enter('a')
  const [gone, next] = [enter('a'), enter('a')]
  gone.hangUp()
  await pass()
  inside.leave()
  await pass()
  expect([gone, next].map(isInside)).toEqual([false, true])
  next.leave()
  const again = enter('a')
  await pass()
  expect(again.waitedMs).toBe(0)
})

test('a request without a body needs no room; one of unknown length has that of the largest', async () => {
  const { enter, pass } = open({ inside: 4 })
  const [nothing, unknown, next] = [enter('a', 0), enter('b', NaN), enter('c', 1)]
  await pass()
  expect([nothing, unknown, next].map(isInside)).toEqual([true, true, false])
  unknown.leave()
  await pass()
  expect(isInside(next)).toBe(true)
})
