import { makeValidator } from 'envalid'

const MAX = 1_000_000

/** How many events a tenant may publish at one process. */
export interface Quota {
  readonly perSecond: number
  /** At once, after a pause. */
  readonly burst: number
}

export interface PublishQuotas {
  readonly ofTenant: ReadonlyMap<string, Quota>
  /** Of each tenant that is not named; undefined: none. */
  readonly ofOthers: Quota | undefined
}

/** `200/s` for each tenant, or `dev=200/s,other=50/s:500`, or both, separated by commas. */
export const publishQuotas = makeValidator<PublishQuotas>((text) => {
  const ofTenant = new Map<string, Quota>()
  let ofOthers: Quota | undefined
  for (const entry of text.split(',').map((part) => part.trim())) {
    const [, tenant, events = '', most] = /^(?:([^=\s]+)=)?(\d+)\/s(?::(\d+))?$/.exec(entry) ?? []
    const quota = { perSecond: Number(events), burst: Number(most ?? events) }
    if (events === '' || Object.values(quota).some((value) => value < 1 || value > MAX))
      throw new Error('must be a list of EVENTS/s, EVENTS/s:BURST or TENANT=EVENTS/s, with numbers from 1 to 1000000')
    const isSecond = tenant === undefined ? ofOthers !== undefined : ofTenant.has(tenant)
    if (isSecond) throw new Error(`has two quotas for ${tenant ?? 'the tenants that are not named'}`)
    if (tenant === undefined) ofOthers = quota
    else ofTenant.set(tenant, quota)
  }
  return { ofTenant, ofOthers }
})
