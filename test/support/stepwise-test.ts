import { test as base } from 'vitest'
import { openStepwiseService, type StepwiseService } from './stepwise-service.ts'
import { addTargets } from './stored-state.ts'

export interface StepwiseTestOptions {
  readonly partitionCount: number
  /** Webhooks of a subscription to everything; with none there is no subscription. */
  readonly targetCount: number
}

/** Tests that have a stepwise service each. */
export const stepwiseTest = ({ partitionCount, targetCount }: StepwiseTestOptions) =>
  base.extend<{ steps: StepwiseService }>({
    steps: async ({}, use) => {
      const steps = await openStepwiseService({ partitionCount })
      if (targetCount > 0) {
        await steps.subscribe('http://127.0.0.1/')
        await addTargets(steps.db, targetCount - 1)
      }
      await use(steps)
      await steps.stop()
    },
  })
