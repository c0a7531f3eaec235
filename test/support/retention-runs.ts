import { createRetention } from '@tidings/server/recovery/retention.ts'
import { test as base } from 'vitest'
import { createRecordingLog } from './recording-log.ts'
import { openStepwiseService, type StepwiseService } from './stepwise-service.ts'

export const retentionTest = base.extend<{ steps: StepwiseService }>({
  steps: async ({}, use) => {
    // One partition, so that every rule is applied to rows that lie side by side.
    const steps = await openStepwiseService({ partitionCount: 1 })
    await use(steps)
    await steps.stop()
  },
})

/** Lets retention run once, with 48 hours. Rejects when it removes nothing at all. */
export async function retain({ db }: StepwiseService): Promise<void> {
  const { log, next } = createRecordingLog()
  const removed = next('retention')
  const worker = createRetention({ db, retentionHours: 48, log })
  worker.start()
  await removed
  await worker.stop()
}
