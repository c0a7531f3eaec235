import { expect, test } from 'vitest'
import { isLogged, logMessagesIn, withoutConcatenation } from './log-messages.ts'
import { readRepositoryText, repositoryFiles } from './repository-files.ts'

test('messages are the code in the column log or message', () => {
  const page =
    '| fault | log |\n|---|---|\n| `a` | `b c`, loop `d` |\n\n| x | y |\n|---|---|\n| `e` | `f` |\n\n| message | z |\n|---|---|\n| `g ...` | `h` |'
  expect(logMessagesIn(page)).toEqual([
    { line: 3, message: 'b c' },
    { line: 3, message: 'd' },
    { line: 11, message: 'g ...' },
  ])
})

test('a message is logged when each of its parts is in the sources', () => {
  const sources = withoutConcatenation("log.warn(`it has ${count} ` +\n  'faults')")
  expect(isLogged('it has ...', sources)).toBe(true)
  expect(isLogged('faults', sources)).toBe(true)
  expect(isLogged('it has ... errors', sources)).toBe(false)
})

test('every log message that docs/operations.md names is in the service', () => {
  const sources = repositoryFiles()
    .filter((file) => /^(?:server|embedded-postgres)\/.*\.ts$/.test(file) && !file.endsWith('.test.ts'))
    .map((file) => withoutConcatenation(readRepositoryText(file)))
    .join('\n')
  const messages = logMessagesIn(readRepositoryText('docs/operations.md'))
  expect(messages.length).toBeGreaterThan(30)
  expect(messages.filter(({ message }) => !isLogged(message, sources))).toEqual([])
})
