import { createBullMq, type BullMqOptions } from './bullmq.ts'
import { createCeiling } from './ceiling.ts'
import { createPgBoss } from './pg-boss.ts'
import type { System } from './system.ts'
import { createTidings, type TidingsOptions } from './tidings.ts'

/** What all ratios refer to: BullMQ as its users run it, on a Redis that keeps nothing. */
export const REFERENCE = 'bullmq'
/** The same with a tuned program: what could be had from BullMQ. */
export const TUNED_REFERENCE = 'bullmq-tuned'

const TIDINGS: readonly TidingsOptions[] = [
  { broker: 'database', isSplit: false },
  { broker: 'database', isSplit: true },
  { broker: 'rabbitmq', isSplit: false },
  { broker: 'rabbitmq', isSplit: true },
]

const BULLMQ: readonly BullMqOptions[] = (['none', 'fsync-always'] as const).flatMap((persistence) =>
  [false, true].flatMap((isSplit) => [false, true].map((isTuned) => ({ persistence, isSplit, isTuned }))),
)

/** `other`: another tree of this repository, that is measured beside this one. */
export function allSystems(other: TidingsOptions['other']): readonly System[] {
  const trees = other === undefined ? [undefined] : [undefined, other]
  return [
    ...TIDINGS.flatMap((options) => trees.map((tree) => createTidings({ ...options, other: tree }))),
    ...BULLMQ.map(createBullMq),
    createPgBoss(),
    createCeiling(),
  ]
}
