import type { CleanedEnv } from 'envalid'
import { CALLER_VARIABLES } from './variables/callers.ts'
import { DELIVERY_VARIABLES } from './variables/delivery.ts'
import { ENGINE_VARIABLES } from './variables/engines.ts'
import { MAIL_VARIABLES } from './variables/mail.ts'
import { PROCESS_VARIABLES } from './variables/process.ts'
import { SUBSCRIPTION_VARIABLES } from './variables/subscriptions.ts'

/** The sections of `docs/config.md`, which `npm run config-docs` makes from them. */
export const VARIABLE_SECTIONS = {
  Process: PROCESS_VARIABLES,
  'Database and broker': ENGINE_VARIABLES,
  'Site, tenants and who may call': CALLER_VARIABLES,
  'Subscriptions and retention': SUBSCRIPTION_VARIABLES,
  Delivery: DELIVERY_VARIABLES,
  'E-mail': MAIL_VARIABLES,
}

/** Every variable that the service reads: type, default, limits, one sentence. The groups of above, for the types. */
export const VARIABLES = {
  ...PROCESS_VARIABLES,
  ...ENGINE_VARIABLES,
  ...CALLER_VARIABLES,
  ...SUBSCRIPTION_VARIABLES,
  ...DELIVERY_VARIABLES,
  ...MAIL_VARIABLES,
}

/** The values of the variables, checked one by one. */
export type Settings = CleanedEnv<typeof VARIABLES>

/**
 * Returns whether the service makes its own keys and tenants, because nothing names others. Only then are tokens of
 * those keys accepted, and receivers on loopback.
 */
export const isDevelopment = (settings: Settings): boolean =>
  settings.TENANTS_FILE === undefined && settings.TAPIS_TENANT_SVC_BASEURL === undefined
