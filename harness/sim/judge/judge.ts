import { FAN_OUTS, NOTIFICATIONS } from '../database/schema.ts'
import type { ServerDeps } from '../database/server.ts'
import type { DatabaseServer } from '../database/server.ts'
import type { Plan } from '../plan/plan.ts'
import type { Dispatcher } from '../process/dispatcher-process.ts'
import type { StatementEvents } from '../statements/all-statements.ts'
import { createFaultWindows, type FaultWindows } from '../world/fault-windows.ts'
import type { Scheduler } from '../world/scheduler.ts'
import type { Trace } from '../world/trace.ts'
import { createArrivalJudge, type ArrivalJudge } from './arrival-judge.ts'
import { judgeCommit } from './commit-judge.ts'
import { judgeTheEnd, leftovers } from './final-judge.ts'
import { createFindings, type Findings } from './findings.ts'
import { createPublishLedger, type PublishLedger } from './publish-ledger.ts'
import { createSendJudge, type SendJudge } from './send-judge.ts'
import { createStateJudge, type StateJudge } from './state-judge.ts'

export interface JudgeDeps {
  readonly scheduler: Scheduler
  readonly trace: Trace
  readonly plan: Plan
  readonly server: () => DatabaseServer
  readonly deletedAt: (subscriptionId: number) => number | undefined
}

/** Watches everything that happens, and knows the promises. */
export interface Judge {
  readonly findings: Findings
  readonly faults: FaultWindows
  readonly ledger: PublishLedger
  readonly arrivals: () => ArrivalJudge
  readonly sends: () => SendJudge
  readonly onDeadlock: ServerDeps['onDeadlock']
  readonly onCommit: ServerDeps['onCommit']
  readonly onCommitted: ServerDeps['onCommitted']
  readonly onRemoved: StatementEvents['onRemoved']
  readonly onAlarm: (text: string) => void
  /** Returns what is left to do, in words. */
  readonly leftovers: () => string | undefined
  /** Judges the tables when everything has come to rest. */
  end(dispatchers: readonly Dispatcher[]): void
}

/** The database comes after its judge, which hears of every commit: `server` is called only when something happens. */
export function createJudge({ scheduler, trace, plan, server, deletedAt }: JudgeDeps): Judge {
  const findings = createFindings((text) => trace.note('JUDGE', () => text))
  const faults = createFaultWindows()
  const ledger = createPublishLedger()
  let arrivals: ArrivalJudge | undefined
  let sends: SendJudge | undefined
  let state: StateJudge | undefined
  const arrivalJudge = () => (arrivals ??= createArrivalJudge(server().tables, findings))
  const sendJudge = () =>
    (sends ??= createSendJudge({
      server: server(),
      now: () => scheduler.now,
      faults,
      findings,
      calmFromMs: plan.calmFromMs,
      deletedAt,
    }))

  return {
    findings,
    faults,
    ledger,
    arrivals: arrivalJudge,
    sends: sendJudge,
    onDeadlock: (model, key) => findings.report('deadlock', `${model} at ${key}`),
    onCommit: (who, writes) => judgeCommit(server().tables, findings, who, writes),
    onCommitted: (who, writes) => (state ??= createStateJudge(server().tables, findings)).onCommitted(who, writes),
    onRemoved(subscriptionId, position) {
      for (const row of server().tables.all(NOTIFICATIONS))
        if (row.position === position && row.state === 'waiting')
          findings.report('P7', `subscription ${subscriptionId} is removed before ${row.uuid} is settled`)
      for (const row of server().tables.all(FAN_OUTS))
        if (row.position === position)
          findings.report('P7', `subscription ${subscriptionId} is removed before ${position} has all notifications`)
    },
    onAlarm: (text) => findings.report('alarm', text),
    leftovers: () => leftovers(server().tables),
    end: (dispatchers) =>
      judgeTheEnd(
        {
          tables: server().tables,
          plan,
          ledger,
          arrivals: arrivalJudge(),
          addresses: sendJudge().addresses,
          findings,
        },
        dispatchers,
      ),
  }
}
