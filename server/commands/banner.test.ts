import { expect, test } from 'vitest'
import { bannerText } from './banner.ts'

test('what a terminal shows first: address, docs, a token, how to stop it', () => {
  expect(bannerText('http://127.0.0.1:8080', { tenants: { kind: 'development' } })).toBe(`
  Tidings listens on http://127.0.0.1:8080
  API documentation, to read and try out: http://127.0.0.1:8080/v3/notifications/docs
  A token to try it with:  npm run --silent token -- --service jobs --tenant dev
  Ctrl-C finishes what is in flight and stops the service.

`)
})

test('a site gets no token line, a dispatcher no address', () => {
  expect(bannerText('dispatcher', { tenants: { kind: 'file', path: '/x' } })).toBe(
    '\n  Tidings runs as dispatcher\n  Ctrl-C finishes what is in flight and stops the service.\n\n',
  )
})
