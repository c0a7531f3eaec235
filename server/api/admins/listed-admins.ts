import type { Admin } from '../../config/validators.ts'
import type { Admins } from './admins.ts'

/** Returns the administrators that the operator has named. Letter case counts. */
export function createListedAdmins(list: readonly Admin[]): Admins {
  const entries = new Set(list.map(({ tenant, user }) => keyOf(tenant, user)))
  return { isAdmin: (tenant, user) => Promise.resolve(entries.has(keyOf(tenant, user))) }
}

const keyOf = (tenant: string, user: string) => JSON.stringify([tenant, user])
