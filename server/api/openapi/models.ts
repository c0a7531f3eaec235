import { MEMBER_DESCRIPTIONS, MODEL_DESCRIPTIONS } from './descriptions.ts'
import { MODEL_SCHEMAS } from './model-schemas.ts'
import { openApiSchema, withReferences, type OpenApiSchema } from './openapi-schema.ts'

/** Returns the models as OpenAPI schemas, each with its description and those of its members. */
export function componentSchemas(): Readonly<Record<string, OpenApiSchema>> {
  const plain = Object.fromEntries(Object.entries(MODEL_SCHEMAS).map(([name, schema]) => [name, openApiSchema(schema)]))
  return Object.fromEntries(
    Object.entries(withReferences(plain)).map(([name, schema]) => [name, described(name, schema)]),
  )
}

function described(model: string, schema: OpenApiSchema): OpenApiSchema {
  const whole = withText(schema, textOf(MODEL_DESCRIPTIONS, model))
  if (schema.properties === undefined) return whole
  const memberText = (member: string) =>
    textOf(MEMBER_DESCRIPTIONS, `${model}.${member}`) ?? textOf(MEMBER_DESCRIPTIONS, member)
  return {
    ...whole,
    properties: Object.fromEntries(
      Object.entries(schema.properties).map(([member, part]) => [member, withText(part, memberText(member))]),
    ),
  }
}

/** A reference stays alone: OpenAPI 3.0.3 ignores everything beside it. */
const withText = (schema: OpenApiSchema, description: string | undefined): OpenApiSchema =>
  schema.$ref !== undefined || description === undefined ? schema : { ...schema, description }

const textOf = (texts: Readonly<Record<string, string>>, name: string): string | undefined => texts[name]
