import { Ajv, type ValidateFunction } from 'ajv'
import type { OpenApiDocument, OperationObject } from '@tidings/server/api/openapi/document.ts'
import type { ResponseObject } from '@tidings/server/api/openapi/openapi-responses.ts'
import type { OpenApiSchema } from '@tidings/server/api/openapi/openapi-schema.ts'

/** A response of the service, as a test got it. */
export interface SeenResponse {
  readonly method: string
  readonly url: string
  readonly status: number
  readonly contentType: string | undefined
  /** Undefined when nobody has read it. */
  readonly text: string | undefined
}

/** Their result is a text where the document says object: see `server/api/openapi/models.ts`. */
const TEXT_RESULT = new Set(['healthCheck', 'readyCheck'])
const BASIC: ResponseObject = {
  content: { 'application/json': { schema: { $ref: '#/components/schemas/RespBasic' } } },
}

/**
 * Compares responses with the document, and is stricter than it: a member that it does not name is a violation,
 * though clients must bear it. Without an operation there are two responses, both rejections like all others: 404 for
 * an unknown address (or 400 when it cannot even be read), 405 for another method. OPTIONS is handled by HTTP itself.
 */
export function createResponseCheck(document: OpenApiDocument): (answer: SeenResponse) => readonly string[] {
  const ajv = new Ajv({ strict: true, allErrors: true })
  ajv.addVocabulary(['components'])
  ajv.addSchema({
    $id: 'document',
    components: {
      schemas: Object.fromEntries(
        Object.entries(document.components.schemas).map(([name, schema]) => [name, closed(schema)]),
      ),
    },
  })
  const validators = new Map<string, ValidateFunction>()

  function validatorOf(reference: string): ValidateFunction {
    const known = validators.get(reference) ?? ajv.compile({ $ref: `document${reference}` })
    validators.set(reference, known)
    return known
  }

  function bodyViolations(
    response: ResponseObject,
    { contentType, text }: SeenResponse,
    operationId: string | undefined,
  ): readonly string[] {
    const reference = schemaOf(resolved(document, response))
    if (reference === undefined) return ['the document has no schema for it']
    if (contentType !== 'application/json') return [`the content type is ${String(contentType)}`]
    if (text === undefined) return []
    const validate = validatorOf(reference)
    return validate(withoutText(parsed(text), operationId))
      ? []
      : [`${reference}: ${ajv.errorsText(validate.errors, { dataVar: 'answer', separator: '; ' })}`]
  }

  return (answer) => {
    const method = answer.method.toUpperCase()
    if (method === 'OPTIONS') return []
    const verb = (method === 'HEAD' ? 'GET' : method).toLowerCase()
    const operations = operationsAt(document, new URL(answer.url).pathname, verb)
    const operation = operations?.[verb]
    const response = operation ? operation.responses[answer.status] : withoutOperation(operations, answer.status)
    if (response === undefined)
      return [
        `the document has no response ${answer.status} of ${operation?.operationId ?? 'a path without operation'}`,
      ]
    return method === 'HEAD' ? [] : bodyViolations(response, answer, operation?.operationId)
  }
}

const withoutOperation = (operations: Methods | undefined, status: number): ResponseObject | undefined =>
  (operations ? [405] : [404, 400]).includes(status) ? BASIC : undefined

type Methods = Readonly<Record<string, OperationObject>>

/**
 * As a router finds them, for each method apart: parts that are written out go before parameters; a slash at the end
 * does not count.
 */
function operationsAt({ paths }: OpenApiDocument, pathname: string, verb: string): Methods | undefined {
  const parts = pathname.replace(/\/$/, '').split('/')
  const matching = Object.entries(paths).filter(([template]) => {
    const pattern = template.split('/')
    return (
      pattern.length === parts.length &&
      pattern.every((part, index) => (part.startsWith('{') ? parts[index] !== '' : part === parts[index]))
    )
  })
  const writtenOut = ([template]: readonly [string, unknown]) => template.split('{', 1)[0]?.length ?? 0
  matching.sort((a, b) => writtenOut(b) - writtenOut(a))
  return (matching.find(([, methods]) => verb in methods) ?? matching[0])?.[1]
}

function resolved({ components }: OpenApiDocument, response: ResponseObject): ResponseObject {
  const name = response.$ref?.split('/').at(-1)
  return name === undefined ? response : (components.responses[name] ?? {})
}

function schemaOf({ content }: ResponseObject): string | undefined {
  const json = (content as Readonly<Record<string, { readonly schema: OpenApiSchema }>> | undefined)?.[
    'application/json'
  ]
  return json?.schema.$ref
}

/** With the members that it names, and no others. */
function closed(schema: OpenApiSchema): OpenApiSchema {
  return {
    ...schema,
    ...(schema.items ? { items: closed(schema.items) } : {}),
    ...(schema.properties
      ? {
          additionalProperties: false,
          properties: Object.fromEntries(Object.entries(schema.properties).map(([name, part]) => [name, closed(part)])),
        }
      : {}),
  }
}

function withoutText(answer: unknown, operationId: string | undefined): unknown {
  if (!TEXT_RESULT.has(operationId ?? '') || typeof answer !== 'object' || answer === null || !('result' in answer))
    return answer
  if (answer.result === null) return answer
  return typeof answer.result === 'string'
    ? { ...answer, result: null }
    : { ...answer, result: ['it must be a string'] }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // which no schema allows
  }
}
