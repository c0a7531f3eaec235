import { str } from 'envalid'
import { publishQuotas } from '../publish-quotas.ts'
import { adminList, serviceList, urlOf } from '../validators.ts'

export const CALLER_VARIABLES = {
  TAPIS_SITE_ID: str({ default: 'dev', desc: 'The site that this service runs at.' }),
  TAPIS_TENANT_SVC_BASEURL: urlOf(
    'http',
    'https',
  )({ default: undefined, desc: 'Base address of the Tenants service. Cannot be combined with TENANTS_FILE.' }),
  TENANTS_FILE: str({
    default: undefined,
    desc:
      'JSON file `{"tenants": [...], "sites": [...]}` instead of the Tenants service; read again when changed. ' +
      'Cannot be combined with TAPIS_TENANT_SVC_BASEURL.',
  }),
  TAPIS_SERVICE_PASSWORD: str({
    default: undefined,
    desc:
      'Password of the service `notifications` at the Tokens service. With it, the Security Kernel decides who is ' +
      'a tenant administrator. Cannot be combined with TIDINGS_ADMINS.',
  }),
  TIDINGS_ADMINS: adminList({
    default: undefined,
    desc:
      'Tenant administrators, `tenant:user`, separated by commas, for sites without a Security Kernel. Cannot be ' +
      'combined with TAPIS_SERVICE_PASSWORD.',
  }),
  TIDINGS_ALLOWED_SERVICES: serviceList({
    default: undefined,
    desc:
      'Services that may call, separated by commas, exactly as in their tokens, e.g. `jobs,apps`; any other service ' +
      'gets 401, users are not affected. Unset: all.',
  }),
  TIDINGS_PUBLISH_QUOTA: publishQuotas({
    default: undefined,
    desc:
      'How many events a tenant may publish, at each process with an api: `200/s` for every tenant, ' +
      '`dev=500/s,other=50/s` for these; `200/s,dev=500/s` for these and every other. After a pause as many at once ' +
      'as a second allows, or BURST: `200/s:1000`. What is above gets 429 with `Retry-After`. Unset: no quota.',
  }),
}
