import type { Disturbance } from './disturbance.ts'

/** Makes trouble while events are on their way. */
export interface Trouble {
  /** Resolves when the last of it is over and everything runs again. Rejects when aborted. */
  run(signal: AbortSignal): Promise<void>
  readonly planned: number
  /** What was done and is over. */
  readonly disturbances: readonly Disturbance[]
}
