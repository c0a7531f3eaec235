import { expect, test } from 'vitest'
import { readBenchOptions } from './options.ts'

function faultsOf(...args: readonly string[]): readonly string[] {
  const request = readBenchOptions(args)
  return request.kind === 'fault' ? request.faults : []
}

test('a command line without faults is taken as it is', () => {
  const args = '--scenario saturation,rate-200 --systems bullmq,bullmq-tuned --seconds 2.5 --warmup 0 --rounds 2'
  expect(readBenchOptions([...args.split(' '), '--postgres', 'postgres://127.0.0.1/postgres'])).toMatchObject({
    kind: 'run',
    options: {
      scenarios: ['saturation', 'rate-200'],
      systems: ['bullmq', 'bullmq-tuned'],
      seconds: 2.5,
      warmup: 0,
      rounds: 2,
      backlog: 2000,
      postgresUrl: 'postgres://127.0.0.1/postgres',
    },
  })
})

test.each([
  ['--seconds', '0'],
  ['--seconds', '86401'],
  ['--seconds', 'Infinity'],
  ['--warmup', '=-1'],
  ['--warmup', '1e1'],
  ['--rounds', '0'],
  ['--rounds', '1.5'],
  ['--rounds', 'three'],
  ['--connections', '0'],
  ['--connections', '0x10'],
  ['--series', '1000001'],
  ['--backlog', '0'],
])('%s %s is no number that it takes', (name, value) => {
  const [fault] = value.startsWith('=') ? faultsOf(name + value) : faultsOf(name, value)
  expect(fault).toMatch(new RegExp(`^${name}: is not a (whole )?number from `))
})

test('names that there are not, or twice, are faults, for a list too', () => {
  expect(faultsOf('--scenario', 'saturation,nothing,')).toEqual([
    '--scenario: there is no nothing',
    '--scenario: there is no scenario without a name',
  ])
  expect(faultsOf('--list', '--systems', 'bullmq,redis,bullmq')).toEqual([
    '--systems: there is no redis',
    '--systems: has bullmq twice',
  ])
})

test('an option that would have no effect beside the others is a fault', () => {
  expect(faultsOf('--backlog', '100')).toEqual(['--backlog: is less than two for each connection: 100'])
  expect(faultsOf('--backlog', '100', '--connections', '50')).toEqual([])
  expect(faultsOf('--against', 'v1', '--systems', 'bullmq')).toEqual(['--against: none of the systems is Tidings'])
  expect(faultsOf('--against', 'v1', '--systems', 'bullmq,tidings-database')).toEqual([])
})

test('what is no address of a PostgreSQL is a fault', () => {
  const fault = ['--postgres: is not an address of a PostgreSQL (postgres://...)']
  expect(faultsOf('--postgres', 'localhost')).toEqual(fault)
  expect(faultsOf('--postgres', 'http://127.0.0.1:5432')).toEqual(fault)
})

test('all faults are named at once', () => {
  expect(faultsOf('--rounds', '0', '--bogus', '--systems', 'redis')).toHaveLength(3)
})
