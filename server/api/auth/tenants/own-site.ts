import type { Config } from '../../../config/config.ts'
import { withSuggestion } from '../../../runtime/suggestion.ts'
import type { Tenants } from './current-tenants.ts'

const MAX_LISTED = 10

/**
 * Rejects when the list of sites was read and TAPIS_SITE_ID is not in it: the response to every request would be 500.
 * Starts the loading of tenants. A Tenants service that does not respond within some seconds is no reason to reject:
 * loading goes on in the background.
 */
export async function checkOwnSite(
  tenants: Pick<Tenants, 'current' | 'refresh' | 'start'>,
  { siteId, tenants: source }: Pick<Config, 'siteId' | 'tenants'>,
): Promise<void> {
  if (!tenants.current()) {
    tenants.start()
    await tenants.refresh()
  }
  const sites = tenants.current()?.sites
  if (!sites || sites.has(siteId)) return
  const names = [...sites.keys()]
  const complaint = `TAPIS_SITE_ID: there is no site ${siteId} in the list of ${whose(source)}; ${listing(names)}`
  throw new Error(withSuggestion(complaint, siteId, names))
}

function listing(names: readonly string[]): string {
  if (names.length === 0) return 'it has none'
  const others = names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : ''
  return `it has ${names.slice(0, MAX_LISTED).join(', ')}${others}`
}

function whose(source: Config['tenants']): string {
  switch (source.kind) {
    case 'file':
      return `TENANTS_FILE ${source.path}`
    case 'service':
      return `the Tenants service ${source.baseUrl}`
    case 'development':
      return 'the development tenants'
    default:
      return source satisfies never
  }
}
