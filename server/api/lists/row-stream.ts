import type { Subscription } from '@tidings/contract/subscription.ts'
import type { IdSource } from './long-lists.ts'
import type { LoadedRows } from './load-rows.ts'

/** The subscriptions of a list, some at a time. */
export interface SubscriptionStream {
  /** Returns at least one; undefined after the last. One call at a time. */
  next(): Promise<readonly Subscription[] | undefined>
  close(): void
}

export interface SubscriptionStreamDeps {
  readonly ids: IdSource
  /** Reads the first of these, as many as fit. */
  readonly load: (ids: readonly number[]) => Promise<LoadedRows>
}

export function createSubscriptionStream({ ids, load }: SubscriptionStreamDeps): SubscriptionStream {
  let left: readonly number[] = []

  async function next(): Promise<readonly Subscription[] | undefined> {
    for (;;) {
      if (left.length === 0) left = await ids.next()
      if (left.length === 0) return undefined
      const loaded = await load(left)
      left = loaded.left
      if (loaded.subscriptions.length > 0) return loaded.subscriptions
    }
  }

  return { next, close: ids.close }
}
