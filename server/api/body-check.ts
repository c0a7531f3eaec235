import type { Static, TSchema } from 'typebox'
import { createCheck, type Checked } from '@tidings/contract/validate.ts'
import { suggestion } from '../runtime/suggestion.ts'

/** A check of bodies that people write: it also says which of their misspelt members was probably meant. */
export const createBodyCheck = <Schema extends TSchema>(schema: Schema): ((value: unknown) => Checked<Static<Schema>>) => createCheck(schema, suggestion)
