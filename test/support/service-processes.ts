import type { ServiceProcess } from '@tidings/harness/service-process.ts'
import { afterEach, beforeEach } from 'vitest'
import { createTestDatabase, type TestDatabase } from './test-database.ts'
import { createOperator, type Operator } from './operator.ts'

/** Several processes on one database, both new for each test. */
export interface ServiceProcesses {
  readonly database: TestDatabase
  readonly operator: Operator
  startApi(): Promise<ServiceProcess>
  startDispatcher(): Promise<ServiceProcess>
}

/**
 * To be called once at the top of a file: makes and removes them around each of its tests. `env` is called before each.
 */
export function createServiceProcesses(env: () => Readonly<Record<string, string>> = () => ({})): ServiceProcesses {
  let database: TestDatabase
  let operator: Operator

  beforeEach(async () => {
    database = await createTestDatabase({ isEmpty: true })
    operator = await createOperator({ DATABASE_URL: database.url, ...env() })
  })

  afterEach(async () => {
    await operator.cleanUp()
    await database.drop()
  })

  return {
    get database() {
      return database
    },
    get operator() {
      return operator
    },
    startApi: () => operator.start({ env: { TIDINGS_ROLE: 'api' } }),
    startDispatcher: () => operator.start({ env: { TIDINGS_ROLE: 'dispatcher' } }),
  }
}
