import { AppError } from '../errors.ts'
import { endBySubject } from '../../subscriptions/enable-and-end.ts'
import { pathParameter } from '../http/path-parameter.ts'
import { ANY_OWNER, inPath, OWNED_BY } from '../openapi/openapi-parameters.ts'
import type { GuardedOperation } from '../operation.ts'
import { changedResponse, OWN } from './subscription-responses.ts'

const SUBJECT = inPath(
  'subject',
  { type: 'string' },
  'The `subjectFilter` of the subscriptions, compared literally: `*` means those whose filter is `*`.',
)

/** Protocol 3.6. */
export const deleteSubscriptionsBySubject: GuardedOperation = {
  id: 'deleteSubscriptionsBySubject',
  tag: 'Subscriptions',
  method: 'DELETE',
  path: '/subscriptions/bySubject/:subject',
  who: 'caller',
  summary: 'Delete the subscriptions to a subject',
  description: `Deletes all that have exactly this \`subjectFilter\`. ${OWN}`,
  parameters: [SUBJECT, OWNED_BY, ANY_OWNER],
  success: { status: 200, model: 'RespChangeCount', description: 'The subscriptions do not exist any more.' },
  async handle({ db, access }, context) {
    const subject = pathParameter(context, 'subject')
    if (subject.trim() === '') throw new AppError('NTFAPI_SUBSCR_DEL_BY_SUBJ_ERROR')
    const owner = await access.ownersFor(context.caller, context.query)
    const changes = await endBySubject(db, { tenant: context.caller.oboTenant, owner }, subject)
    return changedResponse(
      'NTFAPI_SUBSCR_DELETED_BY_SUBJ',
      'Subscriptions deleted by subject',
      context,
      { Owner: owner ?? 'any', Subject: subject },
      changes,
    )
  },
}
