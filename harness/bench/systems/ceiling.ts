import { startRival } from './rival-process.ts'
import { startInSteps, type System } from './system.ts'

/** What this machine does without any database: the same HTTP, and nothing between. */
export const createCeiling = (): System => ({
  id: 'ceiling',
  title: 'HTTP in, HTTP out',
  promises: 'none',
  isNumbered: false,
  missing: () => Promise.resolve(undefined),
  start: (context) =>
    startInSteps(async (cleanUp) => {
      const { services, publishTo } = await startRival(context, {
        program: 'ceiling-program.ts',
        isSplit: false,
        cleanUp,
      })
      return {
        publishTo,
        processes: services.map(({ pid }) => ({ kind: 'node' as const, pid })),
        durability: 'none',
      }
    }),
})
