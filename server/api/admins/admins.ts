/** Tells which users administer a tenant. */
export interface Admins {
  /** Rejects with NTFAPI_ADMIN_CHECK_ERR (503) when it cannot find out: an outage makes nobody an administrator. */
  isAdmin(tenant: string, user: string): Promise<boolean>
}
