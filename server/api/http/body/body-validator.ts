import type { Static, TSchema } from 'typebox'
import { createValidator, type ValidationResult } from '@tidings/contract/validate.ts'
import { suggestion } from '../../../runtime/suggestion.ts'

export type BodyValidator<T> = (value: unknown) => ValidationResult<T>

/**
 * Returns a validator for bodies that people write: it also suggests what a misspelt member was probably meant to be.
 */
export const createBodyValidator = <Schema extends TSchema>(schema: Schema): BodyValidator<Static<Schema>> =>
  createValidator(schema, suggestion)
