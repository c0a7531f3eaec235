import type { Config } from '../../../config/config.ts'
import type { Log } from '../../../log.ts'
import { createDevelopmentSource } from './tenants-development-source.ts'
import { createFileSource } from './tenants-file-source.ts'
import { createTenants, type Tenants } from './current-tenants.ts'
import type { TenantsSource } from './tenants.ts'
import { createServiceSource } from './tenants-service-source.ts'

/**
 * | source      | loaded at the start          | in the background | for a request, at most |
 * |-------------|------------------------------|-------------------|------------------------|
 * | development | yes, or the start fails      | every hour        | every second           |
 * | file        | yes, or the start fails      | every second      | every 100 ms           |
 * | service     | when it answers, until then 503 | every hour     | every 600 s (protocol 1.3) |
 *
 * The hourly load is there for tenants and keys that were taken away: no request would bring that to light.
 */
const HOUR_MS = 3_600_000

/**
 * Opens the tenants that the configuration asks for. Rejects, naming every error, when TENANTS_FILE or the development
 * keys are unusable.
 */
export async function openTenants(config: Pick<Config, 'dataDir' | 'siteId' | 'tenants'>, log: Log): Promise<Tenants> {
  switch (config.tenants.kind) {
    case 'development':
      return opened(createDevelopmentSource(config), { log, pollMs: HOUR_MS, refreshFloorMs: 1000 })
    case 'file':
      return opened(createFileSource(config.tenants.path), { log, pollMs: 1000, refreshFloorMs: 100 })
    case 'service':
      return createTenants({
        source: createServiceSource(config.tenants.baseUrl),
        log,
        pollMs: HOUR_MS,
        refreshFloorMs: 600_000,
      })
    default:
      throw new Error(`unknown source of tenants: ${JSON.stringify(config.tenants satisfies never)}`)
  }
}

async function opened(
  source: TenantsSource,
  options: { log: Log; pollMs: number; refreshFloorMs: number },
): Promise<Tenants> {
  const initial = await source.load(new AbortController().signal)
  return createTenants({ source, initial, ...options })
}
