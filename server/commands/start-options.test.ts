import { expect, test } from 'vitest'
import { readStartOptions } from './start-options.ts'

test.each([['-h'], ['--help'], ['-?'], ['help'], ['--help', '--prot=1']])('%s %s asks for help', (...args) => {
  expect(readStartOptions(args)).toEqual({ kind: 'help' })
})

test.each(['-v', '-V', '--version'])('%s asks for the version', (arg) => {
  expect(readStartOptions([arg])).toEqual({ kind: 'version' })
})

test('nothing, and a lone --, start the service', () => {
  expect([readStartOptions([]), readStartOptions(['--'])]).toEqual([{ kind: 'start' }, { kind: 'start' }])
})

test.each([
  [['--helpp'], ['--helpp: is not an option; did you mean --help?']],
  [['--versoin'], ['--versoin: is not an option; did you mean --version?']],
  [['--port=8090'], ['--port: is not an option; settings are environment variables, see docs/config.md']],
  [
    ['--port', '8090'],
    [
      '--port: is not an option; settings are environment variables, see docs/config.md',
      'unexpected argument: 8090; settings are environment variables, see docs/config.md',
    ],
  ],
  [['-x'], ['-x: is not an option; settings are environment variables, see docs/config.md']],
  [['--version=1'], ['--version: takes no value; settings are environment variables, see docs/config.md']],
  [
    ['TIDINGS_ROLE=api'],
    ['unexpected argument: TIDINGS_ROLE=api; settings are environment variables, see docs/config.md'],
  ],
  [['start'], ['unexpected argument: start; settings are environment variables, see docs/config.md']],
])('%j is rejected, and the message lists what may be given', (args, violations) => {
  expect(readStartOptions(args)).toEqual({ kind: 'wrong', violations })
})
