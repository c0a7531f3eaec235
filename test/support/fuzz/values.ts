import type { OpenApiSchema } from '@tidings/server/api/openapi/openapi-schema.ts'
import fc from 'fast-check'

/** Finds what a reference names. */
export type Resolve = (schema: OpenApiSchema) => OpenApiSchema

const section = fc.constantFrom('A', 'JOB_NEW_STATUS', 'b-c', 'x~y')
const word = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9._~-]{0,12}$/)
const shortText = fc.oneof(
  word,
  fc.constantFrom('job-42', 'é ü', '  x', '*', "o'neil", '%_', '\u0000', '\u202e', '😀'),
  fc.string({ maxLength: 30 }),
)

/** What the schemas leave open, by the name of the member or parameter. Nothing leaves this machine. */
const TEXTS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  name: word,
  owner: fc.constantFrom('jdoe', 'eve', '${apiUserId}'),
  ownedBy: fc.constantFrom('jdoe', 'eve', 'nobody'),
  type: fc.tuple(section, section).map(([category, detail]) => `jobs.${category}.${detail}`),
  typeFilter: fc
    .tuple(fc.constantFrom('*', 'A', 'JOB_NEW_STATUS'), fc.constantFrom('*', 'B'))
    .map(([category, detail]) => `jobs.${category}.${detail}`),
  subject: fc.constantFrom('job-1', 'job-2', 'a b/c', 'é'),
  subjectFilter: fc.constantFrom('job-1', 'job-2', '*', 'nobody'),
  seriesId: fc.constantFrom('job-1', 's', ''),
  source: fc.constantFrom('https://tapis.io/jobs', 's'),
  timestamp: fc
    .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
    .map((date) => date.toISOString()),
  deliveryAddress: fc.constantFrom(
    'http://127.0.0.1:9/hook',
    'http://host.invalid/',
    'jdoe@host.invalid',
    'https://user:pw@host.invalid/a?b',
  ),
  tenant: fc.constantFrom('dev', 'admin'),
  uuid: fc.uuid(),
  orderBy: fc.constantFrom('name', 'created(desc)', 'owner,name(asc)', 'updated(desc)'),
  startAfter: word,
  select: fc.constantFrom('allAttributes', 'summaryAttributes', 'name,uuid', 'deliveryTargets'),
  numberOfEvents: fc.constant('1'),
}

/** Values that the schema allows. */
export function validOf(schema: OpenApiSchema, name: string, resolve: Resolve): fc.Arbitrary<unknown> {
  const resolved = resolve(schema)
  const value = nonNull(resolved, name, resolve)
  return resolved.nullable === true
    ? fc.oneof({ weight: 9, arbitrary: value }, { weight: 1, arbitrary: fc.constant(null) })
    : value
}

function nonNull(schema: OpenApiSchema, name: string, resolve: Resolve): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'object': {
      const members = Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([member, part]) => [member, validOf(part, member, resolve)]),
      )
      return fc.record(members, { requiredKeys: Array.isArray(schema.required) ? (schema.required as string[]) : [] })
    }
    case 'array':
      return fc.array(validOf(schema.items ?? {}, name, resolve), { minLength: 1, maxLength: 3 })
    case 'integer':
      return fc.oneof(
        fc.integer({
          min: Math.max(Number(schema.minimum ?? -5), -5),
          max: Math.min(Number(schema.maximum ?? 200), 200),
        }),
        fc.constantFrom(1, 10, 60),
      )
    case 'boolean':
      return fc.boolean()
    default:
      return Array.isArray(schema.enum) ? fc.constantFrom(...(schema.enum as string[])) : (TEXTS[name] ?? shortText)
  }
}
