import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCidrMatcher, createPeers, peerKey } from './peers.ts'

interface Model {
  readonly peer: string
  idleSince: number | undefined
}

/** The same by a look at all of them. Undefined when nobody has an idle one. */
function candidates(all: ReadonlyMap<number, Model>): readonly number[] {
  const count = (peer: string) => [...all.values()].filter((one) => one.peer === peer).length
  const idle = [...all].filter(([, { idleSince }]) => idleSince !== undefined)
  const most = Math.max(...idle.map(([, { peer }]) => count(peer)))
  const oldestOf = (peer: string) =>
    Math.min(...idle.filter(([, one]) => one.peer === peer).map(([, { idleSince }]) => idleSince ?? Infinity))
  return idle
    .filter(([, { peer, idleSince }]) => count(peer) === most && idleSince === oldestOf(peer))
    .map(([id]) => id)
}

test('the most idle connection of the peer with most is found, whatever came and went before', () => {
  const step = fc.record({
    what: fc.constantFrom('add', 'add', 'busy', 'idle', 'remove', 'evict'),
    peer: fc.constantFrom('a', 'b', 'c'),
    pick: fc.nat(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const peers = createPeers<number>()
      const model = new Map<number, Model>()
      steps.forEach(({ what, peer, pick }, time) => {
        const chosen = [...model.keys()][pick % Math.max(1, model.size)] ?? -1
        const known = model.get(chosen)
        if (what === 'add') {
          peers.add(time, peer)
          model.set(time, { peer, idleSince: time })
        } else if (what === 'remove') {
          peers.remove(chosen)
          model.delete(chosen)
        } else if (what === 'evict') {
          const idlest = peers.longestIdle()
          if (idlest === undefined) expect(candidates(model)).toEqual([])
          else {
            expect(candidates(model)).toContain(idlest)
            peers.remove(idlest)
            model.delete(idlest)
          }
        } else {
          peers.setIdle(chosen, what === 'idle')
          if (known) known.idleSince = what === 'busy' ? undefined : (known.idleSince ?? time)
        }
        expect(peers.size).toBe(model.size)
      })
    }),
  )
})

test('a new connection costs the same beside 8,192 others as beside few', () => {
  const peers = createPeers<number>()
  for (let id = 0; id < 8192; id += 1) peers.add(id, id % 2 === 0 ? 'one' : `other ${id % 1000}`)
  const start = performance.now()
  for (let id = 8192; id < 108_192; id += 1) {
    peers.add(id, 'one')
    const idlest = peers.longestIdle()
    if (idlest !== undefined) peers.remove(idlest)
  }
  expect(peers.size).toBe(8192)
  expect((performance.now() - start) / 100_000, 'ms for each').toBeLessThan(0.2)
})

test.each([
  ['10.1.2.3', '10.1.2.3'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::1', '2001:db8:1:2'],
  ['gone', 'gone'],
])('%s counts for %s', (address, name) => {
  expect(peerKey(address)).toBe(name)
})

test('membership in blocks, also of IPv4 in IPv6', () => {
  const isMember = createCidrMatcher(['10.0.0.0/8', '2001:db8::/32'])
  expect(['10.9.9.9', '::ffff:10.9.9.9', '2001:db8::1', '11.0.0.1', '::1', 'gone'].map(isMember)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ])
})
