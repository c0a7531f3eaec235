import { expect, test } from 'vitest'
import { runFromSources } from './support/program-runner.ts'

test.each(['harness/bench/main.ts', 'harness/scaling/main.ts', 'test/mail-run.ts'])(
  '%s --help prints the usage, and what is not an option is rejected',
  async (program) => {
    const usage = expect.stringContaining(`node --import tsx ${program} [--`) as string
    expect(await runFromSources(program, ['--help'])).toEqual({ code: 0, stdout: usage, stderr: '' })
    const { code, stdout, stderr } = await runFromSources(program, ['--secnods', '5', '--mails='])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('--secnods: is not an option')
    expect(stderr).toEqual(usage)
  },
)
