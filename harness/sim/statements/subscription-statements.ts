import { lockRow, locking, zip, type Model } from '../database/model.ts'
import { SUBSCRIPTIONS, TARGETS, type SubscriptionRow } from '../database/schema.ts'
import { defineTable, type Transaction } from '../database/tables.ts'

/** The statements of server/subscriptions that the api runs. */
export const subscriptionStatements: readonly Model[] = [
  locking<[tenant: string, owner: string, name: string]>(
    'waitAndFreeExpiredName',
    "set ended = now(), end_reason = 'expired'\n  where tenant",
    function* (tx, tenant, owner, name) {
      for (const row of named(tx, tenant, owner, name)) {
        if (row.ended !== null || row.expiry === null || row.expiry > tx.startedAt) continue
        yield* lockRow(SUBSCRIPTIONS, String(row.id))
        const latest = tx.get(SUBSCRIPTIONS, String(row.id))
        if (latest?.ended === null) tx.put(SUBSCRIPTIONS, { ...latest, ended: tx.startedAt, endReason: 'expired' })
      }
      return []
    },
  ),
  locking<InsertValues>('insertSubscription', 'insert into subscription\n', function* (tx, ...values) {
    const [, tenant, owner, name, , enabled, , type1, type2, type3, subjectFilter, , minutes] = values
    yield* lockRow(LIVING_NAMES, `${tenant} ${owner} ${name}`)
    if (named(tx, tenant, owner, name).some(({ ended }) => ended === null)) return []
    const id = tx.nextValue('subscription')
    const expiry = minutes === undefined ? null : Math.floor(tx.startedAt / 1000) * 1000 + minutes * 60_000
    const type = [type1, type2, type3] as const
    yield* lockRow(SUBSCRIPTIONS, String(id))
    tx.put(SUBSCRIPTIONS, {
      id,
      tenant,
      owner,
      name,
      enabled,
      type,
      subjectFilter,
      expiry,
      ended: null,
      endReason: null,
      endedXid: null,
    })
    return [{ id }]
  }),
  locking<[subscriptionId: number, methods: string[], addresses: string[], keys: string[]]>(
    'putTargets',
    'insert into delivery_target',
    function* (tx, subscriptionId, methods, addresses, keys) {
      for (const [at, [address, addressKey]] of zip(addresses, keys).entries()) {
        const known = tx.scan(TARGETS, String(subscriptionId)).find((one) => one.addressKey === addressKey)
        const id = known?.id ?? tx.nextValue('delivery_target')
        yield* lockRow(TARGETS, String(id))
        tx.put(TARGETS, { id, subscriptionId, method: methods[at] ?? '', address, addressKey, ended: null })
      }
      return []
    },
  ),
  locking<[subscriptionId: number, keys: string[]]>(
    'endOtherTargets',
    'update delivery_target',
    function* (tx, subscriptionId, keys) {
      for (const { id, ended, addressKey } of tx.scan(TARGETS, String(subscriptionId))) {
        if (ended !== null || keys.includes(addressKey)) continue
        yield* lockRow(TARGETS, String(id))
        const row = tx.get(TARGETS, String(id))
        if (row) tx.put(TARGETS, { ...row, ended: tx.startedAt })
      }
      return []
    },
  ),
  locking<[tenant: string, owner: string, name: string]>(
    'lockForPatch',
    'select id\n    from subscription\n    where',
    function* (tx, tenant, owner, name) {
      for (const { id } of named(tx, tenant, owner, name).filter((row) => isActive(row, tx.startedAt))) {
        yield* lockRow(SUBSCRIPTIONS, String(id))
        const row = tx.get(SUBSCRIPTIONS, String(id))
        if (row && isActive(row, tx.startedAt)) return [{ id }]
      }
      return []
    },
  ),
  locking<
    [
      description: string | null,
      typeFilter: string | null,
      type1: string | null,
      type2: string | null,
      type3: string | null,
      subjectFilter: string | null,
      id: number,
    ]
  >('updateColumns', 'set description = coalesce(', function* (tx, ...values) {
    const [, , type1, type2, type3, subjectFilter, id] = values
    yield* lockRow(SUBSCRIPTIONS, String(id))
    const row = tx.get(SUBSCRIPTIONS, String(id))
    if (!row) return []
    const [old1, old2, old3] = row.type
    tx.put(SUBSCRIPTIONS, {
      ...row,
      type: [type1 ?? old1, type2 ?? old2, type3 ?? old3],
      subjectFilter: subjectFilter ?? row.subjectFilter,
    })
    return []
  }),
  locking<[enabled: boolean, tenant: string, owner: string, name: string]>(
    'setEnabled',
    'set enabled =',
    function* (tx, enabled, tenant, owner, name) {
      return yield* change(tx, named(tx, tenant, owner, name), (row) => ({ ...row, enabled }))
    },
  ),
  locking<[tenant: string, owner: string, name: string]>(
    'endByName',
    'where id in (select id from subscription where',
    function* (tx, tenant, owner, name) {
      return yield* change(tx, named(tx, tenant, owner, name), (row) => ({
        ...row,
        ended: tx.startedAt,
        endReason: 'deleted',
        endedXid: tx.xid(),
      }))
    },
  ),
]

/** The unique index of names among subscriptions that have not ended, for its locks only. */
const LIVING_NAMES = defineTable<{ readonly name: string }>('living_name', ({ name }) => name)

type InsertValues = [
  uuid: string,
  tenant: string,
  owner: string,
  name: string,
  description: string | null,
  enabled: boolean,
  typeFilter: string,
  type1: string,
  type2: string,
  type3: string,
  subjectFilter: string,
  ttlMinutes: number,
  expiryMinutes?: number,
]

const named = (tx: Transaction, tenant: string, owner: string, name: string) =>
  tx.all(SUBSCRIPTIONS).filter((row) => row.tenant === tenant && row.owner === owner && row.name === name)

const isActive = ({ ended, expiry }: SubscriptionRow, now: number) =>
  ended === null && (expiry === null || expiry > now)

/** Changes the active ones of these, each as it is under its lock. */
function* change(
  tx: Transaction,
  rows: readonly SubscriptionRow[],
  changed: (row: SubscriptionRow) => SubscriptionRow,
) {
  const ids: { id: number }[] = []
  for (const { id } of rows.filter((row) => isActive(row, tx.startedAt))) {
    yield* lockRow(SUBSCRIPTIONS, String(id))
    const row = tx.get(SUBSCRIPTIONS, String(id))
    if (!row || !isActive(row, tx.startedAt)) continue
    tx.put(SUBSCRIPTIONS, changed(row))
    ids.push({ id })
  }
  return ids
}
