import { defineConfig } from 'vitest/config'

/** `unit`: pure code, beside what it tests. `behaviour`: through the public doors, on real engines that the set-up starts. */
export default defineConfig({
  test: {
    maxWorkers: 3, // more than cores: most tests wait for something most of the time
    reporters: ['default', './test/support/closing-line.ts'],
    projects: [
      { test: { name: 'unit', include: ['{contract,server,harness,demo}/**/*.test.ts'] } },
      {
        test: {
          name: 'behaviour',
          include: ['test/*.test.ts'],
          globalSetup: ['./test/support/global-setup.ts'],
          setupFiles: ['./test/support/check-answers.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
