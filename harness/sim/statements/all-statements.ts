import type { Model } from '../database/model.ts'
import { coldLaneReads } from './cold-lane-reads.ts'
import { coldLaneWrites } from './cold-lanes.ts'
import { dispatchStatements } from './dispatch-records.ts'
import { fanOutStatements } from './fan-outs.ts'
import { looks } from './looks.ts'
import { ownershipStatements } from './ownership-statements.ts'
import { publishStatements } from './publish-statements.ts'
import { recoveryStatements, type OnRemoved } from './recovery-statements.ts'
import { settleNotifications } from './settle-notifications.ts'
import { subscriptionStatements } from './subscription-statements.ts'

export interface StatementEvents {
  /** Records were published: as a NOTIFY. */
  readonly onNotify: () => void
  readonly onRemoved: OnRemoved
}

/** Everything that the simulated service asks of its database. */
export const allStatements = ({ onNotify, onRemoved }: StatementEvents): readonly Model[] => [
  ...publishStatements(onNotify),
  ...dispatchStatements,
  ...fanOutStatements,
  settleNotifications,
  ...coldLaneWrites,
  ...coldLaneReads,
  ...looks,
  ...ownershipStatements,
  ...recoveryStatements(onRemoved),
  ...subscriptionStatements,
]
