import { expect, test } from 'vitest'
import { Type } from 'typebox'
import { openApiSchema, withReferences } from './openapi-schema.ts'

test('null in a union becomes nullable, and the rules of the other branch stay', () => {
  expect(openApiSchema(Type.Union([Type.String({ maxLength: 3, pattern: '^a' }), Type.Null()]))).toEqual({
    type: 'string',
    maxLength: 3,
    pattern: '^a',
    nullable: true,
  })
})

test('null alone, which 3.0.3 has no type for, is an object that may be null', () => {
  expect(openApiSchema(Type.Null())).toEqual({ type: 'object', nullable: true })
})

test('an enumeration says its type', () => {
  expect(openApiSchema(Type.Enum(['A', 'B']))).toEqual({ type: 'string', enum: ['A', 'B'] })
})

test('instants are plain texts; other formats stay', () => {
  expect(openApiSchema(Type.String({ format: 'date-time', minLength: 1 }))).toEqual({ type: 'string', minLength: 1 })
  expect(openApiSchema(Type.String({ format: 'uuid' }))).toEqual({ type: 'string', format: 'uuid' })
})

test('objects and lists are converted all the way down', () => {
  const schema = Type.Object(
    { list: Type.Array(Type.Object({ a: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Null()])) })) },
    { additionalProperties: false },
  )
  expect(openApiSchema(schema)).toEqual({
    type: 'object',
    required: ['list'],
    properties: {
      list: {
        type: 'array',
        items: { type: 'object', properties: { a: { type: 'integer', minimum: 1, nullable: true } } },
      },
    },
    additionalProperties: false,
  })
})

test.each([
  ['a constant', Type.Literal('a')],
  ['a union of two types', Type.Union([Type.String(), Type.Integer()])],
  ['a union of three', Type.Union([Type.String(), Type.Integer(), Type.Null()])],
  ['a tuple', Type.Tuple([Type.String()])],
])('what 3.0.3 cannot say is an error: %s', (_name, schema) => {
  expect(() => openApiSchema(schema)).toThrow(TypeError)
})

const PART = Type.Object({ x: Type.String() })

test('a part that is a model is referred to, required or not', () => {
  const models = {
    Part: openApiSchema(PART),
    Whole: openApiSchema(Type.Object({ one: PART, other: Type.Optional(PART), many: Type.Array(PART) })),
  }
  const ref = { $ref: '#/components/schemas/Part' }
  expect(withReferences(models)).toEqual({
    Part: { type: 'object', required: ['x'], properties: { x: { type: 'string' } } },
    Whole: {
      type: 'object',
      required: ['one', 'many'],
      properties: { one: ref, other: ref, many: { type: 'array', items: ref } },
    },
  })
})

test('two models may not be equal: a reference could not tell them apart', () => {
  expect(() => withReferences({ A: openApiSchema(PART), B: openApiSchema(PART) })).toThrow(
    'the models A and B are the same',
  )
})
