import { createLog } from '../../log.ts'
import { expect, test } from 'vitest'
import { LookupError } from './pending-lookup.ts'
import { createNameResolver, type Resolve } from './resolve.ts'

const LOOPBACK = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]
const KNOWN = [{ address: '10.0.0.1', family: 4 }]
const unknown: Resolve = () => Promise.reject(new LookupError('ENOTFOUND'))

function resolveBy(look: Resolve) {
  const asked: string[] = []
  const { resolve } = createNameResolver({
    maxNames: 1,
    timeoutMs: 1000,
    log: createLog({ level: 'silent', isTerminal: false }),
    lookUp: (name) => {
      asked.push(name)
      return look(name)
    },
  })
  return { resolve, asked }
}

test('a literal address resolves to itself', async () => {
  const { resolve, asked } = resolveBy(unknown)
  expect(await resolve('127.0.0.1')).toEqual([{ address: '127.0.0.1', family: 4 }])
  expect(await resolve('::1')).toEqual([{ address: '::1', family: 6 }])
  expect(asked).toEqual([])
})

test('a name is looked up as it is written', async () => {
  const { resolve, asked } = resolveBy(() => Promise.resolve(KNOWN))
  for (const name of ['web', 'web.', 'portal.example.org', 'WEB']) expect(await resolve(name)).toEqual(KNOWN)
  expect(asked).toEqual(['web', 'web.', 'portal.example.org', 'WEB'])
})

test.each(['localhost', 'localhost.', 'app.localhost', 'a.b.localhost.', 'App.LocalHost'])(
  '%s is loopback if the operating system does not know it',
  async (name) => {
    expect(await resolveBy(unknown).resolve(name)).toEqual(LOOPBACK)
    expect(await resolveBy(() => Promise.resolve(KNOWN)).resolve(name)).toEqual(KNOWN)
  },
)

test.each(['localhost.example.org', 'mylocalhost', 'localhost..', 'local.host'])(
  '%s is a name like any other',
  async (name) => {
    await expect(resolveBy(unknown).resolve(name)).rejects.toMatchObject({ code: 'ENOTFOUND' })
  },
)

test.each([
  ['no name', ''],
  ['one with a NUL, behind which the C library would not read', 'portal.example.org\0.evil.example'],
  ['one that is longer than any', 'a.'.repeat(128)],
])('%s is not looked up', async (_, name) => {
  const { resolve, asked } = resolveBy(() => Promise.resolve(KNOWN))
  await expect(resolve(name)).rejects.toMatchObject({ code: 'ENOTFOUND' })
  expect(asked).toEqual([])
})
