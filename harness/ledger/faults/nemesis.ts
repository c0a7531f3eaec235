import type { InjectedFault } from './injected-fault.ts'

/** Injects faults while events are published and delivered. */
export interface Nemesis {
  /** Resolves when the last fault is over and everything runs again. Rejects when aborted. */
  run(signal: AbortSignal): Promise<void>
  readonly planned: number
  /** Faults that are over. */
  readonly injected: readonly InjectedFault[]
}
