import { REDIS_SETTINGS, redisVersion, startRedis, type RedisPersistence } from '../servers/redis.ts'
import { startRival } from './rival-process.ts'
import { startInSteps, type System } from './system.ts'

export interface BullMqOptions {
  /** As its users run it, or with the fastest client for webhooks that there is. */
  readonly isTuned: boolean
  readonly persistence: RedisPersistence
  readonly isSplit: boolean
}

export function createBullMq({ isTuned, persistence, isSplit }: BullMqOptions): System {
  return {
    id: `bullmq${isTuned ? '-tuned' : ''}${persistence === 'none' ? '' : '-fsync'}${isSplit ? '-split' : ''}`,
    title: [
      isTuned ? 'BullMQ tuned' : 'BullMQ',
      persistence === 'none' ? 'no persistence' : 'fsync always',
      ...(isSplit ? ['api + worker'] : []),
    ].join(', '),
    promises: persistence === 'none' ? 'retried; lost with Redis' : 'retried, durable',
    isNumbered: false,
    missing: async () => ((await redisVersion()) === undefined ? 'there is no redis-server on the PATH' : undefined),
    start: (context) =>
      startInSteps(async (cleanUp) => {
        const redis = await startRedis(context.directory, persistence)
        cleanUp.add(redis.stop)
        const { services, publishTo } = await startRival(context, {
          program: isTuned ? 'bullmq-tuned-program.ts' : 'bullmq-program.ts',
          isSplit,
          redisPort: redis.port,
          cleanUp,
        })
        return {
          publishTo,
          processes: [
            ...services.map(({ pid }) => ({ kind: 'node' as const, pid })),
            { kind: 'redis' as const, pid: redis.pid },
          ],
          durability: REDIS_SETTINGS[persistence],
        }
      }),
  }
}
