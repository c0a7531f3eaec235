import { didYouMean, suggestion } from '../../runtime/suggestion.ts'
import { BASE_PATH } from '@tidings/contract/base-path.ts'
import type { Route } from './route.ts'
import { sanitize } from '../../runtime/display-text.ts'

export const DOCS_PATH = `${BASE_PATH}/docs`

/**
 * Returns what a caller probably looked for at an address that does not exist, in words; undefined when there is
 * nothing to suggest. A creation responds with an address that ends with the name of the subscription, as the original
 * does, and callers often request that first.
 */
export function notFoundHint(routes: readonly Pick<Route, 'path'>[], path: string): string | undefined {
  const whole = path.replace(/\/$/, '')
  const name = /^\/subscriptions\/([^/]+)$/.exec(
    whole.startsWith(BASE_PATH) ? whole.slice(BASE_PATH.length) : whole,
  )?.[1]
  if (name !== undefined) return `a subscription has the path ${BASE_PATH}/subscriptions/byName/${sanitize(name)}`
  const fixed = routes.filter((route) => !route.path.includes(':')).map((route) => BASE_PATH + route.path)
  const suggested =
    fixed.find((one) => one === BASE_PATH + whole) ?? suggestion(whole, fixed) ?? suggestion(BASE_PATH + whole, fixed)
  return suggested === undefined ? undefined : didYouMean(suggested)
}

/** Whether a browser was given only the name of the host, or of the interface. */
export const isRootPageRequest = (path: string, accept = '') =>
  ['', BASE_PATH].includes(path.replace(/\/$/, '')) && accept.includes('text/html')
