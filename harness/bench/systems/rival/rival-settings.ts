/** What a program of a rival is told, as JSON in this variable of its environment. */
export const RIVAL_VARIABLE = 'BENCH_RIVAL'

export interface RivalSettings {
  /** Take events, deliver them, or both. */
  readonly role: 'all' | 'api' | 'worker'
  readonly receiverPort: number
  readonly endpoints: number
  /** Notifications on the wire at once. */
  readonly concurrency: number
  readonly redisPort?: number
  readonly databaseUrl?: string
}

export const readRivalSettings = () => JSON.parse(process.env[RIVAL_VARIABLE] ?? '{}') as RivalSettings

/** The line that `startService` waits for. */
export const reportReady = (where: string) => void process.stdout.write(`ready ${where}\n`)
