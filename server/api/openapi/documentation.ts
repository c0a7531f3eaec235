import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { BASE_PATH, type PublicRoute } from '../route.ts'
import { openApiDocument } from './document.ts'
import { keptAnswer, type KeptText } from './kept-answer.ts'

const DOCS = '/docs'
const DOCUMENT = '/openapi.json'

/** Nothing from elsewhere, nothing written into the page: whoever pastes a token there gives it to this service alone. */
const PAGE_HEADERS = {
  'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
}

const JAVASCRIPT = 'text/javascript; charset=utf-8'

/**
 * The interface described by the service itself: the OpenAPI document, for machines, and a page to read it and to try
 * the operations, without a token. Nothing is made before somebody asks.
 */
export function createDocumentation({ publicUrl }: { readonly publicUrl: string | undefined }): readonly PublicRoute[] {
  // Behind a gateway that adds a path of its own, the addresses in the page need it.
  const base = publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '')

  async function page(): Promise<KeptText> {
    const words: Readonly<Record<string, string>> = { base, docs: base + BASE_PATH + DOCS, document: base + BASE_PATH + DOCUMENT }
    const html = (await readFile(ours('index.html')(), 'utf8')).replaceAll(/\{\{(\w+)\}\}/g, (_whole, word: string) => escaped(words[word] ?? ''))
    return { text: html, contentType: 'text/html; charset=utf-8', headers: PAGE_HEADERS }
  }

  return [
    kept(DOCUMENT, () => ({ text: `${JSON.stringify(openApiDocument(publicUrl), null, 2)}\n`, contentType: 'application/json' })),
    kept('/openapi.yaml', () => ({ text: stringify(openApiDocument(publicUrl), { aliasDuplicateObjects: false }), contentType: 'application/yaml' })),
    kept(DOCS, page),
    kept(`${DOCS}/start.js`, file(ours('start.js'), JAVASCRIPT)),
    kept(`${DOCS}/swagger-ui-bundle.js`, file(theirs('swagger-ui-bundle.js'), JAVASCRIPT)),
    kept(`${DOCS}/swagger-ui.css`, file(theirs('swagger-ui.css'), 'text/css; charset=utf-8')),
    kept(`${DOCS}/favicon.png`, file(theirs('favicon-32x32.png'), 'image/png')),
  ]
}

/** Made at the first request. A failure is not kept. */
function kept(path: string, make: () => KeptText | Promise<KeptText>): PublicRoute {
  let answer: Promise<ReturnType<typeof keptAnswer>> | undefined
  async function made() {
    try {
      return keptAnswer(await make())
    } catch (error) {
      answer = undefined
      throw error
    }
  }
  return { method: 'GET', path, who: 'anyone', handle: async (call) => (await (answer ??= made()))(call) }
}

const file = (path: () => string, contentType: string) => async (): Promise<KeptText> => ({ text: await readFile(path()), contentType })

/** Beside this file. */
const ours = (name: string) => () => fileURLToPath(new URL(`./page/${name}`, import.meta.url))

/** In the package that brings Swagger UI along; its server is not used. */
const theirs = (name: string) => () => join(dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui/package.json')), 'static', name)

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escaped = (text: string) => text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character)
