import { mintDevelopmentToken } from '@tidings/server/api/auth/development-token.ts'
import { createClient, type Client } from '../../client.ts'
import { SERVICE, TENANT, USER } from '../plan/series-partition.ts'
import { createRoundRobinClient } from './round-robin-client.ts'

/** A little longer than the service may take to respond with 503: a stopped api holds its callers for this time. */
const TIMEOUT_MS = 6000

/** Returns a client of the apis at these ports, with a token signed with the keys of this data directory. */
export async function connectTo(dataDir: string, ports: readonly number[]): Promise<Client> {
  const token = await mintDevelopmentToken(
    { dataDir, siteId: 'dev', tenants: { kind: 'development' } },
    { kind: 'service', name: SERVICE },
  )
  return createRoundRobinClient(
    ports.map((port) =>
      createClient(() => `http://127.0.0.1:${port}`, { token, user: USER, tenant: TENANT, timeoutMs: TIMEOUT_MS }),
    ),
  )
}
