import { describePostgres, openDatabase } from '../servers/bench-postgres.ts'
import { startRival } from './rival-process.ts'
import { startInSteps, type System } from './system.ts'

export const createPgBoss = (): System => ({
  id: 'pg-boss',
  title: 'pg-boss',
  promises: 'retried, durable',
  isNumbered: false,
  missing: () => Promise.resolve(undefined),
  start: (context) =>
    startInSteps(async (cleanUp) => {
      const database = await openDatabase(context.directory, context.settings.postgresUrl)
      cleanUp.add(database.remove)
      const { services, publishTo } = await startRival(context, {
        program: 'pg-boss-program.ts',
        isSplit: false,
        databaseUrl: database.url,
        cleanUp,
      })
      const { durability, version } = await describePostgres(database.url)
      return {
        publishTo,
        processes: [
          ...services.map(({ pid }) => ({ kind: 'node' as const, pid })),
          { kind: 'postgresql' as const, pid: database.pid },
        ],
        durability,
        postgresVersion: version,
      }
    }),
})
