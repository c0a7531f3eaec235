import type { Subscription } from '@tidings/contract/subscription.ts'
import type { Database } from '../db/database.ts'
import { AppError } from '../errors.ts'
import { message } from './message.ts'
import type { Answer, Call } from './route.ts'
import { selectMembers } from './selection.ts'
import { shown } from './shown-text.ts'
import { ownerFor, ownerSeenBy, ownersFor } from './subscription-access.ts'
import { endByName, endBySubject, endByUuid, setEnabled } from './subscription-changes.ts'
import { findByName, findByUuid, type NameKey, type UuidKey } from './subscription-store.ts'

export interface SubscriptionOperations {
  byName(call: Call): Promise<Answer>
  byUuid(call: Call): Promise<Answer>
  isEnabled(call: Call): Promise<Answer>
  enable(call: Call): Promise<Answer>
  disable(call: Call): Promise<Answer>
  deleteByName(call: Call): Promise<Answer>
  deleteByUuid(call: Call): Promise<Answer>
  deleteBySubject(call: Call): Promise<Answer>
}

/** What can be asked of, and done to, subscriptions that exist (contract 3.4, 3.6, 3.7). */
export function createSubscriptionOperations({ db }: { readonly db: Database }): SubscriptionOperations {
  async function existing(call: Call): Promise<Subscription> {
    const key = nameKeyOf(call)
    const subscription = await findByName(db, key)
    if (!subscription) throw absent(key)
    return subscription
  }

  async function switchTo(call: Call, isEnabled: boolean): Promise<Answer> {
    const key = nameKeyOf(call)
    if (!(await setEnabled(db, key, isEnabled))) throw absent(key)
    return changed('NTFAPI_SUBSCR_UPDATED', `Subscription ${isEnabled ? 'enabled' : 'disabled'}`, call, { Owner: key.owner, Subscription: key.name }, 1)
  }

  return {
    async byName(call) {
      const subscription = await existing(call)
      return { message: found(subscription.name), result: chosenMembers(call, subscription) }
    },
    async byUuid(call) {
      const key = uuidKeyOf(call)
      const subscription = await findByUuid(db, key)
      if (!subscription) throw new AppError('NTFAPI_NOT_FOUND_BY_UUID', { details: { Uuid: key.uuid } })
      return { message: found(key.uuid), result: chosenMembers(call, subscription) }
    },
    async isEnabled(call) {
      const { name, enabled } = await existing(call)
      return { message: found(name), result: { aBool: enabled } }
    },
    enable: (call) => switchTo(call, true),
    disable: (call) => switchTo(call, false),
    async deleteByName(call) {
      const key = nameKeyOf(call)
      return changed('NTFAPI_SUBSCR_DELETED', 'Subscription deleted', call, { Owner: key.owner, Subscription: key.name }, await endByName(db, key))
    },
    async deleteByUuid(call) {
      const key = uuidKeyOf(call)
      return changed('NTFAPI_SUBSCR_DELETED', 'Subscription deleted', call, { Uuid: key.uuid }, await endByUuid(db, key))
    },
    async deleteBySubject(call) {
      const subject = param(call, 'subject')
      if (subject.trim() === '') throw new AppError('NTFAPI_SUBSCR_DEL_BY_SUBJ_ERROR')
      const owner = ownersFor(call.caller, call.query)
      const changes = await endBySubject(db, { tenant: call.caller.oboTenant, owner }, subject)
      return changed('NTFAPI_SUBSCR_DELETED_BY_SUBJ', 'Subscriptions deleted by subject', call, { Owner: owner ?? 'any', Subject: subject }, changes)
    },
  }
}

const changed = (code: string, sentence: string, { caller }: Call, details: Readonly<Record<string, string>>, changes: number): Answer =>
  ({ message: message(code, sentence, caller, { ...details, Changes: changes }), result: { changes } })

const nameKeyOf = (call: Call): NameKey => ({ tenant: call.caller.oboTenant, owner: ownerFor(call.caller, call.query), name: param(call, 'name') })

/** Any letter case is fine; Java's short forms (`1-1-1-1-1`) are not. */
function uuidKeyOf(call: Call): UuidKey {
  const uuid = param(call, 'uuid')
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(uuid)) throw new AppError('NTFAPI_GET_BY_UUID_ERROR', { details: { Uuid: shown(uuid) } })
  return { tenant: call.caller.oboTenant, uuid: uuid.toLowerCase(), owner: ownerSeenBy(call.caller) }
}

const param = ({ params }: Call, name: string) => params[name] ?? ''

const absent = ({ owner, name }: NameKey) => new AppError('NTFAPI_NOT_FOUND', { details: { Owner: shown(owner), Subscription: shown(name) } })

const found = (nameOrUuid: string) => `TAPIS_FOUND Subscription found: ${nameOrUuid}`

const chosenMembers = ({ query }: Call, subscription: Subscription) => selectMembers(subscription, query.text('select') ?? 'allAttributes')
