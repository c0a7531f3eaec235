import { EventInput, EventSeries } from '@tidings/contract/event.ts'
import { AppError } from '../errors.ts'
import type { Publish, PublishContext } from '../publish/publish.ts'
import { eventFaults, idempotencyKeyFaults, seriesFaults } from './event-rules.ts'
import { timeWarnings, unknownMembers } from './event-warnings.ts'
import { createBodyCheck } from './body-check.ts'
import { readBody } from './json-body.ts'
import { message } from './message.ts'
import { valueOrRefuse, type Fault } from './refusal.ts'
import type { Answer, Call } from './route.ts'
import { shown } from './shown-text.ts'
import { didYouMean, suggestion } from '../runtime/suggestion.ts'

export interface EventOperations {
  /** Resolves when the event is stored durably. */
  publish(call: Call): Promise<Answer>
  endSeries(call: Call): Promise<Answer>
}

/** Publishing and ending a series, for services (contract 3.8, 3.9). Every fault of a request is named at once, and then nothing is handed on. */
export function createEventOperations({ publish }: { readonly publish: Publish }): EventOperations {
  const checkEvent = createBodyCheck(EventInput)
  const checkSeries = createBodyCheck(EventSeries)

  async function publishEvent(call: Call): Promise<Answer> {
    const tenant = tenantOf(call)
    const { checked, members } = readBody(call.body, checkEvent)
    const event = valueOrRefuse(checked, [...eventFaults(members, call.caller), ...requestFaults(call)])
    const { uuid } = await publish.event(event, contextOf(call, tenant))
    return {
      message: message('NTFAPI_EVENT_POSTED', 'Event stored', call.caller, { Tenant: tenant, Type: event.type, Subject: event.subject ?? 'null', Uuid: uuid }),
      result: { uuid },
      warnings: [...unknownMembers(members, EventInput), ...timeWarnings(event)],
    }
  }

  async function endSeries(call: Call): Promise<Answer> {
    const tenant = tenantOf(call)
    const { checked, members } = readBody(call.body, checkSeries)
    const series = valueOrRefuse(checked, [...seriesFaults(members), ...requestFaults(call)])
    await publish.endSeries(series, contextOf(call, tenant))
    return {
      message: message('NTFAPI_EVENT_ENDSERIES', 'End of series stored', call.caller, { Tenant: tenant, Source: series.source, Subject: series.subject, SeriesId: series.seriesId }),
      result: null,
      warnings: unknownMembers(members, EventSeries),
    }
  }

  return { publish: publishEvent, endSeries }
}

/** Decided before the content is looked at: another tenant only if the tenant of the token may act for it. */
function tenantOf({ caller, query }: Call): string {
  const asked = query.isRepeated('tenant') ? undefined : query.text('tenant')
  if (asked === undefined || asked === caller.oboTenant) return caller.oboTenant
  if (!caller.mayActFor(asked)) {
    const meant = suggestion(asked, [caller.oboTenant, caller.jwtTenant])
    throw new AppError('TAPIS_SECURITY_TENANT_NOT_ALLOWED', { details: { tenant: shown(asked), ...(meant === undefined ? {} : { hint: didYouMean(shown(meant)) }) } })
  }
  return asked
}

function requestFaults({ query, headersDistinct }: Call): Fault[] {
  const repeated: Fault = { code: 'TAPIS_QUERY_PARAM_MULTIPLE', text: 'the query parameter tenant is given more than once' }
  return [...idempotencyKeyFaults(headersDistinct), ...(query.isRepeated('tenant') ? [repeated] : [])]
}

const contextOf = ({ caller, headersDistinct }: Call, tenant: string): PublishContext =>
  ({ tenant, user: caller.oboUser, service: caller.jwtUser, foreignSigner: caller.foreignSigner, idempotencyKey: headersDistinct['idempotency-key']?.[0] })
