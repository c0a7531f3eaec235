import type { Database } from '@tidings/server/db/database.ts'
import { endByName, setEnabled } from '@tidings/server/subscriptions/enable-and-end.ts'
import { createSubscription } from '@tidings/server/subscriptions/insert-subscription.ts'
import { patchSubscription } from '@tidings/server/subscriptions/update-subscription.ts'
import { SUBSCRIPTIONS } from '../database/schema.ts'
import type { Tables } from '../database/tables.ts'
import { OWNER } from '../plan/initial-rows.ts'
import type { Plan, PlannedChange } from '../plan/plan.ts'
import type { Random } from '../world/random.ts'
import type { Scheduler } from '../world/scheduler.ts'
import type { Trace } from '../world/trace.ts'
import type { Api } from './api-process.ts'

export interface UsersDeps {
  readonly scheduler: Scheduler
  readonly random: Random
  readonly trace: Trace
  readonly tables: Tables
  readonly plan: Plan
  readonly apis: () => readonly Api[]
}

/** What users know of their subscriptions. */
export interface Users {
  /** When a user got the answer to the DELETE of this subscription, in ms; undefined: nobody did. */
  deletedAt(subscriptionId: number): number | undefined
}

const RETRY_MS = 400
const MAX_TRIES = 10

/** Changes subscriptions as the plan says, over the api; an error or no answer is followed by another try. */
export function startUsers({ scheduler, random, trace, tables, plan, apis }: UsersDeps): Users {
  const deletions = new Map<number, number>()

  function note(change: PlannedChange): void {
    trace.note('user', () => `200 for ${change.kind} ${change.tenant} ${change.name}`)
    if (change.kind !== 'delete') return
    for (const { id, tenant, name, endReason } of tables.all(SUBSCRIPTIONS))
      if (tenant === change.tenant && name === change.name && endReason === 'deleted' && !deletions.has(id))
        deletions.set(id, scheduler.now)
  }

  function request(change: PlannedChange, triesLeft: number): void {
    if (triesLeft === 0) return
    const up = apis()
    let isOver = false
    const end = (error?: unknown) => {
      if (isOver) return
      isOver = true
      stopTimer()
      if (error === undefined) note(change)
      else scheduler.after(RETRY_MS, () => request(change, triesLeft - 1))
    }
    const stopTimer = scheduler.after(8000, () => end('no answer'))
    if (up.length === 0) {
      end('no api')
      return
    }
    trace.note('user', () => `${change.kind} ${change.tenant} ${change.name}`)
    const api = random.pick(up)
    scheduler.after(1, () =>
      api.call(
        (db) => apply(db, change),
        (error) => scheduler.after(1, () => end(error)),
      ),
    )
  }

  for (const change of plan.changes) scheduler.after(change.atMs, () => request(change, MAX_TRIES))
  return { deletedAt: (subscriptionId) => deletions.get(subscriptionId) }
}

const targetsOf = (addresses: readonly string[]) =>
  addresses.map((deliveryAddress) => ({ deliveryMethod: 'WEBHOOK' as const, deliveryAddress }))

function apply(db: Database, change: PlannedChange): Promise<unknown> {
  const key = { tenant: change.tenant, owner: OWNER, name: change.name }
  switch (change.kind) {
    case 'delete':
      return endByName(db, key)
    case 'disable':
    case 'enable':
      return setEnabled(db, key, change.kind === 'enable')
    case 'targets':
      return patchSubscription(db, key, {
        description: undefined,
        typeFilter: undefined,
        subjectFilter: undefined,
        targets: targetsOf(change.addresses),
      })
    case 'create':
      return createSubscription(
        db,
        {
          tenant: change.tenant,
          owner: OWNER,
          description: null,
          isEnabled: true,
          typeFilter: '*.*.*',
          subjectFilter: change.subjectFilter,
          ttlMinutes: 0,
          targets: targetsOf(change.addresses),
        },
        change.name,
      )
    default:
      return change satisfies never
  }
}
