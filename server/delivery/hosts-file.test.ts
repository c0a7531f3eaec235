import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createHostsFile, parseHosts } from './hosts-file.ts'

test('names stand behind their address, whatever stands around them', () => {
  const hosts = parseHosts('# 10.0.0.9 comment\n127.0.0.1\tlocalhost  Portal # 10.0.0.8 other\r\n::1 localhost\n\n  10.0.0.2 portal\nno.address name\n10.0.0.3')
  expect(Object.fromEntries(hosts)).toEqual({
    localhost: [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }],
    portal: [{ address: '127.0.0.1', family: 4 }, { address: '10.0.0.2', family: 4 }],
  })
})

test('a changed file is noticed within 5 s, one that is missing names nobody', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tidings-hosts-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  let nowMs = 0
  const path = join(directory, 'hosts')
  const hosts = createHostsFile(path, () => nowMs)
  expect(await hosts.find('portal')).toEqual([])
  await writeFile(path, '10.0.0.2 portal\n')
  nowMs = 5001
  expect(await hosts.find('portal')).toEqual([{ address: '10.0.0.2', family: 4 }])
})
