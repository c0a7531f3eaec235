/**
 * | victim            | what it is                                                        |
 * |-------------------|-------------------------------------------------------------------|
 * | node              | the one process that does everything                              |
 * | node_and_postgres | the same, and the embedded PostgreSQL with it                     |
 * | api, dispatcher   | one of several processes of this role                             |
 * | postgresql        | the server that several processes share                           |
 * | rabbitmq          | their broker                                                      |
 */
export type Victim = 'node' | 'node_and_postgres' | 'api' | 'dispatcher' | 'postgresql' | 'rabbitmq'

/** `kill` is SIGKILL and a new start; `stop` is SIGSTOP and SIGCONT. */
export type How = 'kill' | 'stop'

/** What was done to the service on purpose. Times are monotonic, in ms. */
export interface Disturbance {
  readonly victim: Victim
  readonly how: How
  /** Which one, e.g. `dispatcher-2`. */
  readonly name: string
  readonly atMs: number
  /** The victim works again: it has said so after its new start, or it was continued. */
  readonly overAtMs: number
  /** Whose work it held up; `all` also where nobody can tell. */
  readonly partitions: ReadonlySet<number> | 'all'
  /** For the reader. */
  readonly note: string
}

/** The memory of an answer may have gone with the victim. An api and a broker do not know of deliveries. */
export const mayRepeatDeliveries = ({ victim }: Pick<Disturbance, 'victim'>) => victim !== 'api' && victim !== 'rabbitmq'

/** It wakes up after others have taken over its work, perhaps in the middle of a request. */
export const wakesUpLate = ({ victim, how }: Pick<Disturbance, 'victim' | 'how'>) => how === 'stop' && victim === 'dispatcher'
