import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'

const MAX_INTEGER = 2 ** 31 - 1

const Uuid = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' })
const Count = Type.Integer({ minimum: 0, maximum: MAX_INTEGER })

/** What must be valid before the records can be separated. */
const Header = Type.Object({
  partition: Count,
  records: Type.Array(Type.Object({ bodyBytes: Count }), { minItems: 1 }),
})

/** A record without its body and its partition. Strict, so that a row made from it can always be stored. */
const Fields = Type.Object(
  {
    uuid: Uuid,
    kind: Type.Union([Type.Literal('event'), Type.Literal('end_series')]),
    tenant: Type.String(),
    seriesKey: Type.Union([Uuid, Type.Null()]),
    type: Type.Union([Type.Tuple([Type.String(), Type.String(), Type.String()]), Type.Null()]),
    subject: Type.Union([Type.String(), Type.Null()]),
    endsSeries: Type.Boolean(),
    deletesSubscriptions: Type.Boolean(),
    /** ISO 8601 in UTC, of a year that PostgreSQL can store. */
    received: Type.String({ pattern: '^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$' }),
    seqOffset: Count,
    bodyBytes: Count,
  },
  { additionalProperties: false },
)

export type RecordFields = Static<typeof Fields>

const header = Compile(Header)
const fields = Compile(Fields)

export const isHeader = (value: unknown): value is Static<typeof Header> => header.Check(value)

export const isRecordFields = (value: unknown): value is RecordFields => fields.Check(value)
