import { createHostsFile, type HostsFile } from '@tidings/server/delivery/hosts-file.ts'
import { createResolve, type Resolve } from '@tidings/server/delivery/resolve.ts'
import { expect, onTestFinished, test, vi } from 'vitest'
import { startDnsServer, type DnsReply } from './support/dns-server.ts'

const noHosts: HostsFile = createHostsFile('no such file')
const nothing: Resolve = () => Promise.reject(new Error('the system was asked'))

async function resolveWith(reply: (name: string) => DnsReply, { hosts = noHosts, system = nothing }: { hosts?: HostsFile; system?: Resolve } = {}) {
  const dns = await startDnsServer(reply)
  onTestFinished(() => dns.close())
  return { resolve: createResolve({ servers: [dns.address], hosts, system }), dns }
}

test('a name has the addresses of both families that DNS gives it', async () => {
  const { resolve } = await resolveWith(() => ['10.0.0.1', '10.0.0.2', 'fd00::1'])
  const addresses = [{ address: '10.0.0.1', family: 4 }, { address: '10.0.0.2', family: 4 }, { address: 'fd00::1', family: 6 }]
  expect(await resolve('portal.example.org')).toEqual(addresses)
  expect(await resolve('portal.example.org.')).toEqual(addresses)
})

test('names whose server is dead, however many, keep no other name waiting', async () => {
  const { resolve, dns } = await resolveWith((name) => (name.startsWith('dead') ? 'silent' : ['10.0.0.1']))
  const dead = Array.from({ length: 300 }, (_, index) => resolve(`dead-${index}.example.org`))
  const settled = vi.fn()
  for (const each of dead) each.then(settled, settled)
  await vi.waitFor(() => expect(dns.asked.size).toBeGreaterThan(100), { timeout: 20_000, interval: 5 })
  expect(await resolve('portal.example.org')).toHaveLength(1)
  expect(settled).not.toHaveBeenCalled()
  for (const each of dead) await expect(each).rejects.toMatchObject({ code: 'ETIMEOUT' })
})

test('what the hosts file names is not asked of DNS', async () => {
  const { resolve, dns } = await resolveWith(() => ['10.0.0.1'], { hosts: { find: (name) => Promise.resolve(name === 'portal' ? [{ address: '10.0.0.9', family: 4 }] : []) } })
  expect(await resolve('portal.')).toEqual([{ address: '10.0.0.9', family: 4 }])
  expect([...dns.asked]).toEqual([])
})

test('what DNS does not know is asked of the system, one name at a time', async () => {
  const asked: string[] = []
  const answers: (() => void)[] = []
  const system: Resolve = (name) => {
    asked.push(name)
    return new Promise((resolve) => answers.push(() => resolve([{ address: '10.0.0.7', family: 4 }])))
  }
  const { resolve, dns } = await resolveWith(() => 'unknown', { system })
  const first = resolve('one')
  await vi.waitFor(() => expect(asked).toEqual(['one']), { timeout: 20_000, interval: 5 })
  const second = resolve('two')
  await vi.waitFor(() => expect([...dns.asked]).toEqual(['one', 'two']), { timeout: 20_000, interval: 5 })
  expect(asked).toEqual(['one'])
  answers[0]?.()
  expect(await first).toEqual([{ address: '10.0.0.7', family: 4 }])
  await vi.waitFor(() => expect(asked).toEqual(['one', 'two']), { timeout: 20_000, interval: 5 })
  answers[1]?.()
  expect(await second).toHaveLength(1)
})

test('a failing DNS server is no reason to ask the system', async () => {
  const { resolve } = await resolveWith(() => 'broken')
  await expect(resolve('portal.example.org')).rejects.toMatchObject({ code: 'ESERVFAIL' })
})

test('a name that has no address is an error', async () => {
  const { resolve } = await resolveWith(() => [])
  await expect(resolve('portal.example.org')).rejects.toMatchObject({ code: 'ENODATA' })
})
