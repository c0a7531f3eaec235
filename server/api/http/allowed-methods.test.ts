import { expect, test } from 'vitest'
import { allowedMethods } from './allowed-methods.ts'

const ROUTES = [
  { method: 'GET', path: '/a/:x' },
  { method: 'PATCH', path: '/a/:x' },
  { method: 'DELETE', path: '/a/:x' },
  { method: 'POST', path: '/a/b' },
] as const

test.each([
  ['/v3/notifications/a/x%2Fy/?q=/', 'GET, HEAD, DELETE, PATCH, OPTIONS'],
  ['http://host/v3/notifications/a/b', 'GET, HEAD, POST, DELETE, PATCH, OPTIONS'],
  ['/v3/notifications/a/', undefined],
  ['/v3/notifications/a//', undefined],
  ['/a/b', undefined],
  ['*', undefined],
])('%s takes %s', (target, allow) => {
  expect(allowedMethods(ROUTES, target)).toBe(allow)
})
