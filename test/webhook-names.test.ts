import { expect, test } from 'vitest'
import { namespaceProblem, runInNamespace } from './support/network-namespace.ts'
import type { UnresponsiveNameTimes } from './support/unresponsive-names-program.ts'
import type { NameRow } from './support/name-table-program.ts'

const trouble = namespaceProblem('getent')
const inNamespace = test.skipIf(trouble !== undefined && process.env.CI !== 'true')
const because = trouble === undefined ? '' : ` (${trouble})`
const HOSTS =
  '127.0.0.1 localhost\n::1 localhost\n10.0.4.1 hosted # a comment\n10.0.4.2 hosted\n10.0.4.3 a.named.localhost\n'

inNamespace(
  `a name means what it means to every program of the machine, whatever resolv.conf says and DNS answers${because}`,
  async () => {
    const rows = await runInNamespace<NameRow[]>({ hosts: HOSTS, script: 'name-table-program.ts' })
    expect(rows.length).toBeGreaterThan(400)
    expect(rows.filter(({ platform, ours }) => platform !== ours)).toEqual([])
    // The table tells the forms apart.
    expect(new Set(rows.map(({ platform }) => platform)).size).toBeGreaterThan(10)
    const bare = rows.filter(
      ({ settings, name }) =>
        settings.endsWith('search corp.example') && ['servfail', 'refused', 'nodata', 'unknown'].includes(name),
    )
    expect(bare.map(({ ours }) => ours)).toEqual(['10.0.3.2', '10.0.3.2', '10.0.3.2', '10.0.3.2'])
  },
)

inNamespace(
  `names whose server is dead, however many, keep neither other webhooks nor the service's own names waiting${because}`,
  async () => {
    const { ofWebhooks, ofService, hungAtTheEnd, halfDead } = await runInNamespace<UnresponsiveNameTimes>({
      hosts: HOSTS,
      resolvConf: 'nameserver 127.0.0.1\n',
      script: 'unresponsive-names-program.ts',
    })
    expect(hungAtTheEnd).toBe(600)
    const median = (values: readonly number[]) => [...values].sort((one, other) => one - other)[values.length / 2]
    expect(median(ofWebhooks)).toBeLessThan(200)
    expect(median(ofService)).toBeLessThan(200)
    expect(Math.max(...ofWebhooks, ...ofService)).toBeLessThan(4000) // a dead name takes 6 s
    expect(halfDead).toBeLessThan(10_000) // the limit of connecting
  },
)
