import { expect, test } from 'vitest'
import { readDeadLetterOptions } from './dead-letter-options.ts'

const UUID = '0b6b5a9e-9d8e-4c58-8f0a-7d3c5f4a1e22'

test('all dead letters, or those that are named, are redriven', () => {
  expect(readDeadLetterOptions(['--redrive'])).toEqual({ kind: 'redrive', uuids: undefined })
  expect(readDeadLetterOptions(['--redrive', UUID.toUpperCase()])).toEqual({ kind: 'redrive', uuids: [UUID] })
  expect(readDeadLetterOptions(['--list'])).toEqual({ kind: 'list' })
  expect(readDeadLetterOptions(['--list', '--help'])).toEqual({ kind: 'help' })
})

test('only those that are named are discarded', () => {
  expect(readDeadLetterOptions(['--discard', UUID.toUpperCase()])).toEqual({ kind: 'discard', uuids: [UUID] })
})

test.each<[readonly string[], readonly string[]]>([
  [[], ['one of --list, --redrive and --discard is needed']],
  [['--list', '--redrive'], ['one of --list, --redrive and --discard is needed']],
  [['--list', UUID], ['--list: takes no uuids']],
  [['--redrive', '--discard', UUID], ['one of --list, --redrive and --discard is needed']],
  [['--discard'], ['--discard: needs the uuids of those to give up']],
  [
    ['--redrive', 'all', '--now'],
    ['all: is not a uuid', '--now: is not an option'],
  ],
  [['--list', '--list'], ['--list: given twice']],
  [['--redrive=false'], ['--redrive: takes no value']],
])('%j: every violation is named', (args, violations) => {
  expect(readDeadLetterOptions(args)).toEqual({ kind: 'wrong', violations })
})
