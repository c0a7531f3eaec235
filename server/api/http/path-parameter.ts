import { required } from '../../runtime/required.ts'
import type { PublicRequestContext } from './route.ts'

/** Returns a parameter of the path, percent-decoded. The path of the operation must have it. */
export const pathParameter = ({ params }: Pick<PublicRequestContext, 'params'>, name: string): string =>
  required(params[name], `the parameter ${name} of the path`)
