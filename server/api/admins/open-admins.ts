import type { Config } from '../../config/config.ts'
import type { Log } from '../../log.ts'
import { createListedAdmins } from './listed-admins.ts'
import type { Admins } from './admins.ts'
import { createJsonClient } from '../auth/json-client.ts'
import type { Tenants } from '../auth/tenants/current-tenants.ts'
import { createCachedAdmins } from './cached-admins.ts'
import { createSecurityKernel } from './security-kernel.ts'
import { createServiceTokens } from './service-token.ts'

/** Both services respond with a few hundred bytes and a token or two. */
const MAX_RESPONSE_BYTES = 64 * 1024

/** Creates the check that the configuration asks for. */
export function openAdmins(
  { admins, siteId }: Pick<Config, 'admins' | 'siteId'>,
  { tenants, log }: { readonly tenants: Pick<Tenants, 'current'>; readonly log: Log },
): Admins {
  switch (admins.kind) {
    case 'list':
      return createListedAdmins(admins.list)
    case 'security_kernel': {
      const client = createJsonClient({ maxBodyBytes: MAX_RESPONSE_BYTES })
      const tokens = createServiceTokens({ client, password: admins.password })
      return createCachedAdmins(createSecurityKernel({ tenants, siteId, client, tokens, log }))
    }
    default:
      throw new Error(`unknown source of administrators: ${JSON.stringify(admins satisfies never)}`)
  }
}
