import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { createApiForFile, envelopeOf, startApiForTest } from './support/test-api.ts'

const api = createApiForFile()

const get = (path: string, headers: Record<string, string> = {}) => api.call('GET', path, { as: 'nobody', headers })

test('the document is served without a token, as JSON and as YAML, and both say the same', async () => {
  const json = await get('/openapi.json')
  const yaml = await get('/openapi.yaml')
  expect([json.status, json.headers.get('content-type')]).toEqual([200, 'application/json'])
  expect([yaml.status, yaml.headers.get('content-type')]).toEqual([200, 'application/yaml'])
  const document: unknown = await json.json()
  expect(document).toMatchObject({ openapi: '3.0.3', info: { version: '1.6.2' }, servers: [{ url: '/' }] })
  expect(parse(await yaml.text())).toEqual(document)
})

test('with a public address, the calls of generated clients go there', async () => {
  const other = await startApiForTest({ publicUrl: 'https://gateway.example.org/events' })
  expect(await (await other.call('GET', '/openapi.json')).json()).toMatchObject({
    servers: [{ url: 'https://gateway.example.org/events' }],
  })
  const page = await (await other.call('GET', '/docs')).text()
  expect(page).toContain('src="/events/v3/notifications/docs/swagger-ui-bundle.js"')
  expect(page).toContain('data-document="/events/v3/notifications/openapi.json" data-base="/events"')
})

test('a public address cannot inject anything into the page', async () => {
  const other = await startApiForTest({ publicUrl: 'https://gateway.example.org/a\'&"><script>' })
  expect(await (await other.call('GET', '/docs')).text()).not.toMatch(/"><script>|'&[^a]/)
})

test('the page may reach nothing but this service, and has no script of its own', async () => {
  const page = await get('/docs/')
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(page.headers.get('x-content-type-options')).toBe('nosniff')
  const policy = page.headers.get('content-security-policy') ?? ''
  expect(policy.split('; ')).toEqual(
    expect.arrayContaining(["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]),
  )
  expect(policy).not.toMatch(/http|unsafe|\*/)
  const html = await page.text()
  expect(html).not.toMatch(/https?:|<script[^>]*>[^<]|\son\w+=|<style/)
  for (const path of ['/docs/swagger-ui-bundle.js', '/docs/start.js', '/docs/swagger-ui.css', '/docs/favicon.png'])
    expect(html).toContain(`"/v3/notifications${path}"`)
})

test.each([
  ['/docs/swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['/docs/start.js', 'text/javascript; charset=utf-8'],
  ['/docs/swagger-ui.css', 'text/css; charset=utf-8'],
  ['/docs/favicon.png', 'image/png'],
])('%s is served whole, and with 304 to a client that has it', async (path, contentType) => {
  const first = await get(path)
  expect([first.status, first.headers.get('content-type'), first.headers.get('x-content-type-options')]).toEqual([
    200,
    contentType,
    'nosniff',
  ])
  const length = (await first.arrayBuffer()).byteLength
  expect(length).toBe(Number(first.headers.get('content-length')))
  expect(length).toBeGreaterThan(100)

  const etag = first.headers.get('etag') ?? ''
  const again = await get(path, { 'if-none-match': etag })
  expect([again.status, await again.text(), again.headers.get('etag'), again.headers.get('cache-control')]).toEqual([
    304,
    '',
    etag,
    'no-cache',
  ])

  const head = await api.call('HEAD', path, { as: 'nobody' })
  expect([head.status, head.headers.get('content-length'), head.headers.get('etag')]).toEqual([
    200,
    String(length),
    etag,
  ])
})

test('nothing else of the package is served', async () => {
  for (const path of ['/docs/index.html', '/docs/oauth2-redirect.html', '/docs/..%2fpackage.json', '/docs/x'])
    await envelopeOf(get(path), 404)
})
