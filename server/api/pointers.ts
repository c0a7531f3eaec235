import { didYouMean, suggestion } from '../runtime/suggestion.ts'
import { BASE_PATH, type Route } from './route.ts'
import { shown } from './shown-text.ts'

export const DOCS_PATH = `${BASE_PATH}/docs`

/**
 * What somebody probably looked for at an address that is none of ours, in words; undefined when nobody can tell. A creation
 * answers an address that ends with the name of the subscription, as the original does; that is the first thing everybody asks for.
 */
export function meantBy(routes: readonly Pick<Route, 'path'>[], path: string): string | undefined {
  const whole = path.replace(/\/$/, '')
  const name = /^\/subscriptions\/([^/]+)$/.exec(whole.startsWith(BASE_PATH) ? whole.slice(BASE_PATH.length) : whole)?.[1]
  if (name !== undefined) return `a subscription has the address ${BASE_PATH}/subscriptions/byName/${shown(name)}`
  const fixed = routes.filter((route) => !route.path.includes(':')).map((route) => BASE_PATH + route.path)
  const meant = fixed.find((one) => one === BASE_PATH + whole) ?? suggestion(whole, fixed) ?? suggestion(BASE_PATH + whole, fixed)
  return meant === undefined ? undefined : didYouMean(meant)
}

/** A browser that was given no more than the name of the host, or of the interface. */
export const isEntrance = (path: string, accept = '') => ['', BASE_PATH].includes(path.replace(/\/$/, '')) && accept.includes('text/html')
