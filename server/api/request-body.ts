import type { Static } from 'typebox'
import { createBodyValidator, type BodyValidator } from './http/body/body-validator.ts'
import { MODEL_SCHEMAS, type ModelName, type ModelSchemas } from './openapi/model-schemas.ts'
import type { RequestBody } from './openapi/operation-description.ts'

/** A body that the document describes and that requests are validated with, by the same schema. */
export interface ValidatedBody<Model extends ModelName> extends RequestBody {
  readonly model: Model
  readonly validate: BodyValidator<Static<ModelSchemas[Model]>>
}

/** Declares the body of an operation. Its validator is compiled here, once. */
export const requestBody = <Model extends ModelName>(
  model: Model,
  { description, example }: Pick<RequestBody, 'description' | 'example'>,
): ValidatedBody<Model> => ({
  model,
  description,
  ...(example === undefined ? {} : { example }),
  validate: createBodyValidator(MODEL_SCHEMAS[model]),
})
