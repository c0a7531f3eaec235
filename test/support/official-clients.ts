import { Configuration, EventsApi, GeneralApi, SubscriptionsApi, TestApi } from '@tapis/tapis-typescript-notifications'
import { expect } from 'vitest'
import type { serviceTest } from './service-fixtures.ts'
import type { TestApp } from './test-app.ts'

/**
 * What the Tapis project publishes for TypeScript, generated from the document of 1.6.1, as it is: it goes on working
 * with a changed address.
 */
export interface Clients {
  readonly general: GeneralApi
  readonly events: EventsApi
  readonly subscriptions: SubscriptionsApi
  readonly tests: TestApi
}

export const clientsOf = (configuration: Configuration): Clients => ({
  general: new GeneralApi(configuration),
  events: new EventsApi(configuration),
  subscriptions: new SubscriptionsApi(configuration),
  tests: new TestApi(configuration),
})

export const clientsOfService = async (app: TestApp): Promise<Clients> =>
  clientsOf(
    new Configuration({
      basePath: app.url,
      apiKey: await app.tokenOf({ kind: 'service', name: 'jobs' }),
      headers: { 'X-Tapis-User': 'jdoe', 'X-Tapis-Tenant': 'dev' },
    }),
  )

export const SUCCESS = {
  status: 'success',
  message: expect.any(String) as string,
  version: expect.any(String) as string,
}

type OperationOf<Api> = Exclude<keyof Api, `${string}Raw` | `with${string}Middleware`>

/**
 * Each operation of an API, with what its response must become in the client's own models. `subject` is nobody else's.
 * The type demands them all.
 */
export type Operations<Api> = Readonly<Record<OperationOf<Api>, (clients: Clients, subject: string) => Promise<void>>>

/** A test for each. */
export function testOperations<Api>(test: ReturnType<typeof serviceTest>, operations: Operations<Api>): void {
  for (const [operation, drive] of Object.entries<Operations<Api>[OperationOf<Api>]>(operations)) {
    test(`gets what it expects from ${operation}`, async ({ app, subject }) => {
      await drive(await clientsOfService(app), subject)
    })
  }
}
