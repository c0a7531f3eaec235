import type { Config } from '../../config.ts'
import { suggestion } from '../../runtime/suggestion.ts'
import type { Tenants } from './tenants-in-force.ts'

const MOST_LISTED = 10

/**
 * Rejects when the list of sites was read and has none called TAPIS_SITE_ID: every request would be answered 500. A Tenants
 * service that does not answer within some seconds is waited for later, in the background; so loading begins here.
 */
export async function checkOwnSite(tenants: Pick<Tenants, 'current' | 'refresh' | 'start'>, { siteId, tenants: source }: Pick<Config, 'siteId' | 'tenants'>): Promise<void> {
  if (!tenants.current()) {
    tenants.start()
    await tenants.refresh()
  }
  const sites = tenants.current()?.sites
  if (!sites || sites.has(siteId)) return
  const names = [...sites.keys()]
  const listed = names.length === 0 ? 'it has none' : `it has ${names.slice(0, MOST_LISTED).join(', ')}${names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : ''}`
  const meant = suggestion(siteId, names)
  throw new Error(`TAPIS_SITE_ID: there is no site ${siteId} in the list of ${whose(source)}; ${listed}${meant === undefined ? '' : `; ${meant} is meant?`}`)
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
