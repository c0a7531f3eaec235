import { expect, test } from 'vitest'
import { runProgram } from './support/failed-start.ts'

test.each(['harness/throughput/main.ts', 'harness/scaling/main.ts', 'test/mail-run.ts'])('%s --help says what may be given, and what is no option is refused', async (program) => {
  const usage = expect.stringContaining(`node --import tsx ${program} [--`) as string
  expect(await runProgram(program, ['--help'])).toEqual({ code: 0, stdout: usage, stderr: '' })
  const { code, stdout, stderr } = await runProgram(program, ['--secnods', '5', '--mails='])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain('--secnods: is no option')
  expect(stderr).toEqual(usage)
})
