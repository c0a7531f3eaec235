/** Sets or removes every setting that could come from the caller's environment. */
export const LEDGER_ENV = {
  TIDINGS_RETRY_DELAYS_S: '1,1,2,5',
  DATABASE_URL: undefined,
  BROKER_URL: undefined,
  BROKER_CA_FILE: undefined,
  TENANTS_FILE: undefined,
  TAPIS_TENANT_SVC_BASEURL: undefined,
  TIDINGS_ROLE: undefined,
  TIDINGS_PARTITIONS: undefined,
  TIDINGS_ALLOW_ADDRESSES: undefined,
  HOST: undefined,
  LOG_LEVEL: 'info',
} satisfies Readonly<Record<string, string | undefined>>
