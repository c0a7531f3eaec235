import type { Subscription } from '@tidings/contract/subscription.ts'
import { isUuid } from '@tidings/contract/uuid.ts'
import type { Database } from '../../db/database.ts'
import { AppError } from '../../errors.ts'
import { parseInt32 } from '../int32.ts'
import { message } from '../message.ts'
import type { Answer, Call } from '../route.ts'
import { selectMembers } from '../selection.ts'
import { shown } from '../shown-text.ts'
import type { SubscriptionAccess } from './access.ts'
import { endByName, endBySubject, endByUuid, setEnabled } from './changes.ts'
import { findByName, findByUuid, type NameKey } from './store.ts'
import { setTtl } from './ttl.ts'

export interface SubscriptionOperations {
  byName(call: Call): Promise<Answer>
  byUuid(call: Call): Promise<Answer>
  isEnabled(call: Call): Promise<Answer>
  enable(call: Call): Promise<Answer>
  disable(call: Call): Promise<Answer>
  updateTtl(call: Call): Promise<Answer>
  deleteByName(call: Call): Promise<Answer>
  deleteByUuid(call: Call): Promise<Answer>
  deleteBySubject(call: Call): Promise<Answer>
}

/** What can be asked of, and done to, subscriptions that exist (contract 3.4, 3.6, 3.7). */
export function createSubscriptionOperations({ db, access }: { readonly db: Database; readonly access: SubscriptionAccess }): SubscriptionOperations {
  async function existing(call: Call): Promise<Subscription> {
    const key = await access.keyFor(call)
    const subscription = await findByName(db, key)
    if (!subscription) throw absent(key)
    return subscription
  }

  async function switchTo(call: Call, isEnabled: boolean): Promise<Answer> {
    const key = await access.keyFor(call)
    if (!(await setEnabled(db, key, isEnabled))) throw absent(key)
    return updated(`Subscription ${isEnabled ? 'enabled' : 'disabled'}`, call, key)
  }

  return {
    async byName(call) {
      const subscription = await existing(call)
      return { message: found(subscription.name), result: chosenMembers(call, subscription) }
    },
    async byUuid(call) {
      const uuid = uuidOf(call)
      const subscription = await access.amongOpen(call.caller, (owner) => findByUuid(db, { tenant: call.caller.oboTenant, uuid, owner }))
      if (!subscription) throw new AppError('NTFAPI_NOT_FOUND_BY_UUID', { details: { Uuid: uuid } })
      return { message: found(uuid), result: chosenMembers(call, subscription) }
    },
    async isEnabled(call) {
      const { name, enabled } = await existing(call)
      return { message: found(name), result: { aBool: enabled } }
    },
    enable: (call) => switchTo(call, true),
    disable: (call) => switchTo(call, false),
    async updateTtl(call) {
      const key = await access.keyFor(call)
      const text = param(call, 'ttlMinutes')
      const ttlMinutes = parseInt32(text)
      const isThere = ttlMinutes === undefined ? (await findByName(db, key)) !== undefined : await setTtl(db, key, ttlMinutes)
      if (!isThere) throw absent(key)
      if (ttlMinutes === undefined) throw new AppError('NTFLIB_SUBSCR_TTL_NOTINT', { details: { ttlMinutes: shown(text) } })
      return updated('Time to live updated', call, key)
    },
    async deleteByName(call) {
      const key = await access.keyFor(call)
      return changed('NTFAPI_SUBSCR_DELETED', 'Subscription deleted', call, { Owner: key.owner, Subscription: key.name }, await endByName(db, key))
    },
    async deleteByUuid(call) {
      const uuid = uuidOf(call)
      const changes = await access.amongOpen(call.caller, async (owner) => (await endByUuid(db, { tenant: call.caller.oboTenant, uuid, owner })) || undefined)
      return changed('NTFAPI_SUBSCR_DELETED', 'Subscription deleted', call, { Uuid: uuid }, changes ?? 0)
    },
    async deleteBySubject(call) {
      const subject = param(call, 'subject')
      if (subject.trim() === '') throw new AppError('NTFAPI_SUBSCR_DEL_BY_SUBJ_ERROR')
      const owner = await access.ownersFor(call.caller, call.query)
      const changes = await endBySubject(db, { tenant: call.caller.oboTenant, owner }, subject)
      return changed('NTFAPI_SUBSCR_DELETED_BY_SUBJ', 'Subscriptions deleted by subject', call, { Owner: owner ?? 'any', Subject: subject }, changes)
    },
  }
}

const updated = (sentence: string, call: Call, { owner, name }: NameKey) => changed('NTFAPI_SUBSCR_UPDATED', sentence, call, { Owner: owner, Subscription: name }, 1)

const changed = (code: string, sentence: string, { caller }: Call, details: Readonly<Record<string, string>>, changes: number): Answer =>
  ({ message: message(code, sentence, caller, { ...details, Changes: changes }), result: { changes } })

/** In lower case, as it is stored. */
function uuidOf(call: Call): string {
  const uuid = param(call, 'uuid')
  if (!isUuid(uuid)) throw new AppError('NTFAPI_GET_BY_UUID_ERROR', { details: { Uuid: shown(uuid) } })
  return uuid.toLowerCase()
}

const param = ({ params }: Call, name: string) => params[name] ?? ''

/** The refusal where a name is nobody's. */
export const absent = ({ owner, name }: NameKey) => new AppError('NTFAPI_NOT_FOUND', { details: { Owner: shown(owner), Subscription: shown(name) } })

const found = (nameOrUuid: string) => `TAPIS_FOUND Subscription found: ${nameOrUuid}`

const chosenMembers = ({ query }: Call, subscription: Subscription) => selectMembers(subscription, query.text('select') ?? 'allAttributes')
