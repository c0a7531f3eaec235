import { expect, test } from 'vitest'
import { readArguments } from './arguments.ts'

test('without arguments the service goes when the run is over', () => {
  expect(readArguments([])).toEqual({ kind: 'run', isKept: false })
})

test('--keep keeps it, --help wins over it', () => {
  expect(readArguments(['--keep'])).toEqual({ kind: 'run', isKept: true })
  expect(readArguments(['--keep', '--help'])).toEqual({ kind: 'help' })
})

test('anything else is named as the fault', () => {
  expect(readArguments(['--kepe'])).toMatchObject({ kind: 'wrong', fault: expect.stringContaining('--kepe') as string })
  expect(readArguments(['keep'])).toMatchObject({ kind: 'wrong', fault: expect.stringContaining('keep') as string })
})
