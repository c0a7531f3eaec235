import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { SpreadOut } from './test/support/spread-out.ts'

/** Pure code, beside what it tests. */
export const unit = {
  test: {
    name: 'unit',
    include: ['{contract,embedded-postgres,server,harness,demo,test/repository}/**/*.test.ts'],
    isolate: false, // pure code leaves nothing behind that the next file could meet
    testTimeout: 20_000,
  },
} satisfies TestProjectInlineConfiguration

/** Through the public doors, on real engines that the set-up starts. */
export const behaviour = {
  test: {
    name: 'behaviour',
    include: ['test/*.test.ts'],
    globalSetup: ['./test/support/global-setup.ts'],
    setupFiles: ['./test/support/response-check-setup.ts'],
    isolate: false, // the next file of a worker has its modules loaded; no test changes what they hold
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
} satisfies TestProjectInlineConfiguration

export default defineConfig({
  test: {
    maxWorkers: 3, // more than cores: most tests wait for something most of the time
    reporters: ['default', './test/support/summary-reporter.ts'],
    sequence: { sequencer: SpreadOut },
    projects: [unit, behaviour],
  },
})
