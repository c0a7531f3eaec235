import { didYouMean, suggestion } from '../runtime/suggestion.ts'
import { OPERATIONS } from './openapi/operations.ts'
import { FREE_FORM } from './openapi/parameters.ts'
import type { Query } from './query.ts'
import type { Route } from './route.ts'
import { shown } from './shown-text.ts'

/** More nobody misspells; whoever sends thousands is not helped by a look at all of them. */
const MOST_COMPARED = 20

/** Warnings about query parameters that a request was probably meant to have, and so went without. */
export type ParameterWarnings = (query: Query) => readonly string[]

/**
 * Those of one route, by the parameters that its description names. Parameters that resemble none of them are left alone: they
 * may be somebody else's, like those of a tracker. Where every parameter is a condition, a misspelt one is refused anyway.
 */
export function parameterWarnings({ method, path }: Pick<Route, 'method' | 'path'>): ParameterWarnings {
  const parameters = OPERATIONS.find((operation) => operation.method === method && operation.path === path)?.parameters ?? []
  const known = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name)
  if (known.length === 0 || known.includes(FREE_FORM.name)) return () => []
  return (query) => {
    const unknown = query.entries().slice(0, MOST_COMPARED).map(([name]) => name).filter((name) => !known.includes(name))
    return unknown.flatMap((name) => {
      const meant = suggestion(name, known)
      return meant === undefined ? [] : [`the query parameter ${shown(name)} is unknown and was ignored; ${didYouMean(meant)}`]
    })
  }
}
