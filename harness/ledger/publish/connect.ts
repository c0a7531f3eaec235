import { mintDevelopmentToken } from '@tidings/server/api/auth/development-token.ts'
import { createClient, type Client } from '../../client.ts'
import { SERVICE, TENANT, USER } from '../plan/partition-of-series.ts'
import { createSpread } from './spread.ts'

/** Longer than the service may take to say 503, and not much: a stopped api holds its callers up for this time. */
const TIMEOUT_MS = 6000

/** A client of the apis at these ports, with a token by the keys of this data directory. */
export async function connectTo(dataDir: string, ports: readonly number[]): Promise<Client> {
  const token = await mintDevelopmentToken({ dataDir, siteId: 'dev', tenants: { kind: 'development' } }, { kind: 'service', name: SERVICE })
  return createSpread(ports.map((port) => createClient(() => `http://127.0.0.1:${port}`, { token, user: USER, tenant: TENANT, timeoutMs: TIMEOUT_MS })))
}
