import { expect, test } from 'vitest'
import { bannerText } from './banner.ts'

test('the first look of somebody at a terminal: address, docs, a token, how to end it', () => {
  expect(bannerText('http://127.0.0.1:8080', { tenants: { kind: 'development' } })).toBe(`
  Tidings listens on http://127.0.0.1:8080
  Every operation, to read and to try: http://127.0.0.1:8080/v3/notifications/docs
  A token to try it with:  npm run --silent token -- --service jobs --tenant dev
  Ctrl-C finishes what is in flight and ends it.

`)
})

test('no token at a site, no address of a dispatcher', () => {
  expect(bannerText('dispatcher', { tenants: { kind: 'file', path: '/x' } })).toBe('\n  Tidings runs as dispatcher\n  Ctrl-C finishes what is in flight and ends it.\n\n')
})
