import { createRetention } from '@tidings/server/recovery/retention.ts'
import { createRecordingLog } from './recording-log.ts'
import type { StepwiseService } from './stepwise-service.ts'
import { stepwiseTest } from './stepwise-test.ts'

/** One partition, so that every rule is applied to rows that lie side by side. */
export const retentionTest = stepwiseTest({ partitionCount: 1, targetCount: 0 })

/** Lets retention run once, with 48 hours. Rejects when it removes nothing at all. */
export async function retain({ db }: StepwiseService): Promise<void> {
  const { log, next } = createRecordingLog()
  const removed = next('retention')
  const worker = createRetention({ db, retentionHours: 48, log })
  worker.start()
  await removed
  await worker.stop()
}
