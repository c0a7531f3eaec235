/**
 * | victim            | meaning                                                           |
 * |-------------------|-------------------------------------------------------------------|
 * | node              | the one process that does everything                              |
 * | node_and_postgres | the same, together with the embedded PostgreSQL                   |
 * | api, dispatcher   | one of several processes of this role                             |
 * | postgresql        | the server that several processes share                           |
 * | rabbitmq          | their broker                                                      |
 */
export type Victim = 'node' | 'node_and_postgres' | 'api' | 'dispatcher' | 'postgresql' | 'rabbitmq'

/** `kill`: SIGKILL and a new start; `stop`: SIGSTOP and SIGCONT. */
export type FaultAction = 'kill' | 'stop'

/** A fault that was injected into the service. Times are monotonic, in ms. */
export interface InjectedFault {
  readonly victim: Victim
  readonly how: FaultAction
  /** Which one, e.g. `dispatcher-2`. */
  readonly name: string
  readonly atMs: number
  /** When the victim was ready after its new start, or was continued. */
  readonly overAtMs: number
  /** The partitions that it affected; `all` also if that is unknown. */
  readonly partitions: ReadonlySet<number> | 'all'
  /** For the report. */
  readonly note: string
}

/** Returns whether the memory of a response may have been lost: an api and a broker know nothing of deliveries. */
export const mayRepeatDeliveries = ({ victim }: Pick<InjectedFault, 'victim'>) =>
  victim !== 'api' && victim !== 'rabbitmq'

/** Returns whether the victim resumes after others have taken over its work, perhaps in the middle of a request. */
export const wakesUpLate = ({ victim, how }: Pick<InjectedFault, 'victim' | 'how'>) =>
  how === 'stop' && victim === 'dispatcher'
