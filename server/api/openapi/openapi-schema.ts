import { isObject } from '@tidings/contract/is-object.ts'
import type { TSchema } from 'typebox'

/** A schema of OpenAPI 3.0.3, as far as the document uses them. */
export interface OpenApiSchema {
  readonly $ref?: string
  readonly type?: string
  readonly nullable?: true
  readonly description?: string
  readonly properties?: Readonly<Record<string, OpenApiSchema>>
  readonly items?: OpenApiSchema
  readonly [keyword: string]: unknown
}

/** Keywords with the same meaning in JSON Schema 2020-12, which TypeBox writes, and in OpenAPI 3.0.3. */
const SAME = [
  'type',
  'required',
  'additionalProperties',
  'minItems',
  'maxItems',
  'minLength',
  'maxLength',
  'pattern',
  'minimum',
  'maximum',
  'default',
  'description',
]

/**
 * Converts a schema that validates into one of OpenAPI 3.0.3. Throws for what 3.0.3 cannot express, and for what no
 * schema has used so far: an error is better than a guess.
 */
// As JSON, without the hidden members of TypeBox.
export const openApiSchema = (schema: TSchema): OpenApiSchema => convert(JSON.parse(JSON.stringify(schema)))

function convert(schema: unknown): OpenApiSchema {
  if (!isObject(schema)) throw new TypeError(`not a schema: ${JSON.stringify(schema)}`)
  if (schema.type === 'null') return { type: 'object', nullable: true } // 3.0.3 has no type of null alone
  if (schema.anyOf !== undefined) return withNull(schema)
  return Object.entries(schema).reduce<OpenApiSchema>(
    (made, [keyword, value]) => ({ ...made, ...keywordOf(keyword, value) }),
    {},
  )
}

function keywordOf(keyword: string, value: unknown): OpenApiSchema {
  if (SAME.includes(keyword)) return { [keyword]: value }
  switch (keyword) {
    case 'properties':
      return {
        properties: Object.fromEntries(
          Object.entries(objectOf(value)).map(([name, member]) => [name, convert(member)]),
        ),
      }
    case 'items':
      return { items: convert(value) }
    case 'enum':
      return { type: 'string', enum: value }
    case 'format':
      // Instants stay texts: they have up to nine digits, and generated clients would round them to their own dates.
      return value === 'date-time' ? {} : { format: value }
    default:
      throw new TypeError(`OpenAPI 3.0.3 does not know ${keyword}, or this conversion does not`)
  }
}

/** Converts "this or null", the one union in use. */
function withNull({ anyOf, ...rest }: Readonly<Record<string, unknown>>): OpenApiSchema {
  const branches = Array.isArray(anyOf) ? anyOf.filter((branch) => objectOf(branch).type !== 'null') : []
  if (branches.length !== 1 || !Array.isArray(anyOf) || anyOf.length !== 2)
    throw new TypeError(`not a union with null: ${JSON.stringify(anyOf)}`)
  return { ...convert(branches[0]), nullable: true, ...convert(rest) }
}

/**
 * Puts references where models use other models. A part that is equal to a model is that model: parts have no identity
 * of their own, because TypeBox copies a schema that becomes optional.
 */
export function withReferences(
  models: Readonly<Record<string, OpenApiSchema>>,
): Readonly<Record<string, OpenApiSchema>> {
  const names = new Map<string, string>()
  for (const [name, model] of Object.entries(models)) {
    const text = JSON.stringify(model)
    const twin = names.get(text)
    if (twin !== undefined) throw new TypeError(`the models ${twin} and ${name} are the same`)
    names.set(text, name)
  }
  const referring = (part: OpenApiSchema): OpenApiSchema => {
    const name = names.get(JSON.stringify(part))
    return name === undefined ? inside(part) : reference(name)
  }
  const inside = (schema: OpenApiSchema): OpenApiSchema => ({
    ...schema,
    ...(schema.properties === undefined ? {} : { properties: mapped(schema.properties, referring) }),
    ...(schema.items === undefined ? {} : { items: referring(schema.items) }),
  })
  return mapped(models, inside)
}

export const reference = (model: string): OpenApiSchema => ({ $ref: `#/components/schemas/${model}` })

const mapped = <Value>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value, name: string) => Value,
): Readonly<Record<string, Value>> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]))

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw new TypeError(`not an object: ${JSON.stringify(value)}`)
  return value
}
