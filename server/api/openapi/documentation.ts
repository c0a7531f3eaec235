import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { BASE_PATH } from '@tidings/contract/base-path.ts'
import type { PublicRoute } from '../http/route.ts'
import { openApiDocument } from './document.ts'
import { cacheableResponse, type CacheableContent } from './cacheable-response.ts'

const DOCS = '/docs'
const DOCUMENT = '/openapi.json'

/** No content from elsewhere, no script in the page: a token that somebody enters there goes to this service alone. */
const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
}

const JAVASCRIPT = 'text/javascript; charset=utf-8'

/**
 * Returns the routes of the documentation, for callers without a token: the OpenAPI document, for machines, and a page
 * to read it and to try the operations. Nothing is made before the first request.
 */
export function createDocumentation({ publicUrl }: { readonly publicUrl: string | undefined }): readonly PublicRoute[] {
  // Behind a gateway with a path of its own, the addresses in the page need that path.
  const base = publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '')

  async function page(): Promise<CacheableContent> {
    const placeholders: Readonly<Record<string, string>> = {
      base,
      docs: base + BASE_PATH + DOCS,
      document: base + BASE_PATH + DOCUMENT,
    }
    const html = (await readFile(ours('index.html')(), 'utf8')).replaceAll(/\{\{(\w+)\}\}/g, (_whole, word: string) =>
      escaped(placeholders[word] ?? ''),
    )
    return { text: html, contentType: 'text/html; charset=utf-8', headers: PAGE_HEADERS }
  }

  return [
    cachedRoute(DOCUMENT, () => ({
      text: `${JSON.stringify(openApiDocument(publicUrl), null, 2)}\n`,
      contentType: 'application/json',
    })),
    cachedRoute('/openapi.yaml', () => ({
      text: stringify(openApiDocument(publicUrl), { aliasDuplicateObjects: false }),
      contentType: 'application/yaml',
    })),
    cachedRoute(DOCS, page),
    cachedRoute(`${DOCS}/start.js`, file(ours('start.js'), JAVASCRIPT)),
    cachedRoute(`${DOCS}/swagger-ui-bundle.js`, file(theirs('swagger-ui-bundle.js'), JAVASCRIPT)),
    cachedRoute(`${DOCS}/swagger-ui.css`, file(theirs('swagger-ui.css'), 'text/css; charset=utf-8')),
    cachedRoute(`${DOCS}/favicon.png`, file(theirs('favicon-32x32.png'), 'image/png')),
  ]
}

/** The content is made at the first request and kept. A failure is not kept. */
function cachedRoute(path: string, make: () => CacheableContent | Promise<CacheableContent>): PublicRoute {
  let cached: Promise<ReturnType<typeof cacheableResponse>> | undefined
  async function made() {
    try {
      return cacheableResponse(await make())
    } catch (error) {
      cached = undefined
      throw error
    }
  }
  return { method: 'GET', path, who: 'anyone', handle: async (context) => (await (cached ??= made()))(context) }
}

const file = (path: () => string, contentType: string) => async (): Promise<CacheableContent> => ({
  text: await readFile(path()),
  contentType,
})

/** A file beside this one. */
const ours = (name: string) => () => fileURLToPath(new URL(`./page/${name}`, import.meta.url))

/** A file of the package of Swagger UI. */
const theirs = (name: string) => () =>
  join(dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json')), name)

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escaped = (text: string) => text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character)
