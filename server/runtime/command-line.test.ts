import { expect, test } from 'vitest'
import { readCommandLine } from './command-line.ts'

const OPTIONS = { from: { type: 'string' }, schema: { type: 'string' }, verbose: { type: 'boolean' } } as const

const read = (...args: string[]) => readCommandLine(args, OPTIONS)

test('an option has the value that follows it, or stands behind its equals sign', () => {
  const { values, positionals, faults } = read('--from', 'a', '--schema=b=c', '--verbose')
  expect([...values]).toEqual([['from', 'a'], ['schema', 'b=c'], ['verbose', undefined]])
  expect([positionals, faults]).toEqual([[], []])
})

test('a value may begin with a dash behind an equals sign, where it can be no option', () => {
  expect(read('--from=-5')).toMatchObject({ faults: [] })
  expect(read('--from=-5').values.get('from')).toBe('-5')
})

test.each<[readonly string[], readonly string[]]>([
  [['--fast'], ['--fast: is no option']],
  [['-f'], ['-f: is no option']],
  [['--no-verbose'], ['--no-verbose: is no option']],
  [['--constructor', '--__proto__'], ['--constructor: is no option', '--__proto__: is no option']],
  [['--verbose', '--verbose'], ['--verbose: given twice']],
  [['--from', 'a', '--from=a'], ['--from: given twice']],
  [['--from', '--from', 'a'], ['--from: needs a value', 'unexpected argument: a']],
  [['--verbose=false'], ['--verbose: takes no value']],
  [['--verbose='], ['--verbose: takes no value']],
  [['--from'], ['--from: needs a value']],
  [['--from='], ['--from: needs a value']],
  [['--from', ' '], ['--from: needs a value']],
  [['--from', '--verbose'], ['--from: needs a value']],
  [['now', '--', '--verbose'], ['unexpected argument: now', 'unexpected argument: --verbose']],
])('%j: %j', (args, faults) => {
  expect(read(...args).faults).toEqual(faults)
})

test('every fault is named, in the order of the line', () => {
  expect(read('--fast', 'now', '--verbose', '--verbose', '--schema').faults)
    .toEqual(['--fast: is no option', 'unexpected argument: now', '--verbose: given twice', '--schema: needs a value'])
})

test('an option with a fault counts as given, and has no value; one that there is not counts as nothing', () => {
  const { values } = read('--from', ' ', '--verbose=yes', '--schema', 'first', '--schema', 'second', '--fast')
  expect([...values]).toEqual([['from', undefined], ['verbose', undefined], ['schema', 'first']])
})

test('a command that takes arguments judges each, and gets them all', () => {
  const numberFault = (text: string) => (/^\d+$/.test(text) ? undefined : `${text}: is no number`)
  expect(readCommandLine(['1', 'two', '--verbose', '3'], OPTIONS, numberFault)).toMatchObject({ positionals: ['1', 'two', '3'], faults: ['two: is no number'] })
})
