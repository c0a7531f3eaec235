/** Who administers a tenant. */
export interface Admins {
  /** Rejects with NTFAPI_ADMIN_CHECK_ERR (503) when it cannot be found out: nobody becomes an administrator by an outage. */
  isAdmin(tenant: string, user: string): Promise<boolean>
}
