import { expect, test } from 'vitest'
import { readCommandLine } from './command-line.ts'

const OPTIONS = { from: { type: 'string' }, schema: { type: 'string' }, verbose: { type: 'boolean' } } as const

const read = (...args: string[]) => readCommandLine(args, OPTIONS)

test('an option has the value that follows it, or that is after its equals sign', () => {
  const { values, positionals, violations } = read('--from', 'a', '--schema=b=c', '--verbose')
  expect([...values]).toEqual([
    ['from', 'a'],
    ['schema', 'b=c'],
    ['verbose', undefined],
  ])
  expect([positionals, violations]).toEqual([[], []])
})

test('a value may begin with a dash after an equals sign, where it cannot be an option', () => {
  expect(read('--from=-5')).toMatchObject({ violations: [] })
  expect(read('--from=-5').values.get('from')).toBe('-5')
})

test.each<[readonly string[], readonly string[]]>([
  [['--fast'], ['--fast: is not an option']],
  [['-f'], ['-f: is not an option']],
  [['--no-verbose'], ['--no-verbose: is not an option']],
  [
    ['--constructor', '--__proto__'],
    ['--constructor: is not an option', '--__proto__: is not an option'],
  ],
  [['--verbose', '--verbose'], ['--verbose: given twice']],
  [['--from', 'a', '--from=a'], ['--from: given twice']],
  [
    ['--from', '--from', 'a'],
    ['--from: needs a value', 'unexpected argument: a'],
  ],
  [['--verbose=false'], ['--verbose: takes no value']],
  [['--verbose='], ['--verbose: takes no value']],
  [['--from'], ['--from: needs a value']],
  [['--from='], ['--from: needs a value']],
  [['--from', ' '], ['--from: needs a value']],
  [['--from', '--verbose'], ['--from: needs a value']],
  [
    ['now', '--', '--verbose'],
    ['unexpected argument: now', 'unexpected argument: --verbose'],
  ],
])('%j: %j', (args, violations) => {
  expect(read(...args).violations).toEqual(violations)
})

test('every violation is named, in the order of the command line', () => {
  expect(read('--fast', 'now', '--verbose', '--verbose', '--schema').violations).toEqual([
    '--fast: is not an option',
    'unexpected argument: now',
    '--verbose: given twice',
    '--schema: needs a value',
  ])
})

test('an invalid option counts as given, and has no value; an unknown one counts as nothing', () => {
  const { values } = read('--from', ' ', '--verbose=yes', '--schema', 'first', '--schema', 'second', '--fast')
  expect([...values]).toEqual([
    ['from', undefined],
    ['verbose', undefined],
    ['schema', 'first'],
  ])
})

test('a command that takes arguments checks each, and gets them all', () => {
  const numberViolation = (text: string) => (/^\d+$/.test(text) ? undefined : `${text}: is no number`)
  expect(readCommandLine(['1', 'two', '--verbose', '3'], OPTIONS, numberViolation)).toMatchObject({
    positionals: ['1', 'two', '3'],
    violations: ['two: is no number'],
  })
})
