import { expect, test } from 'vitest'
import { readArguments } from './arguments.ts'

test('without arguments the service stops when the run is over', () => {
  expect(readArguments([])).toEqual({ kind: 'run', isKept: false })
})

test('--keep keeps it, --help wins over it', () => {
  expect(readArguments(['--keep'])).toEqual({ kind: 'run', isKept: true })
  expect(readArguments(['--keep', '--help'])).toEqual({ kind: 'help' })
})

test('anything else is named as the error', () => {
  expect(readArguments(['--kepe'])).toMatchObject({
    kind: 'wrong',
    violation: expect.stringContaining('--kepe') as string,
  })
  expect(readArguments(['keep'])).toMatchObject({ kind: 'wrong', violation: expect.stringContaining('keep') as string })
})
