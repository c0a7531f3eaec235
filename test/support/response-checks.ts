import type { createResponseCheck, SeenResponse } from './openapi-check.ts'

/** The document and its page, and the entrance that leads there, do not describe themselves. */
const OF_INTERFACE = /^\/v3\/notifications\/(?!$|docs(\/|$)|openapi\.)/

let check: Promise<ReturnType<typeof createResponseCheck>> | undefined
let count = 0

/** How many responses have been compared with the document in this file. */
export const checkedResponseCount = (): number => count

/** Rejects, and so fails the test whose request it was, when a response of the service is not as the document says. */
export async function checkResponse(answer: SeenResponse): Promise<void> {
  if (!isOfInterface(answer.url)) return
  const violations = (await (check ??= loadCheck()))(answer)
  count += 1
  if (violations.length > 0)
    throw new Error(
      `${answer.method} ${answer.url} got a response that is not as documented: ${violations.join('; ')}\n${answer.text?.slice(0, 2000) ?? ''}`,
    )
}

/** Only for files that ask the service something. */
async function loadCheck(): Promise<ReturnType<typeof createResponseCheck>> {
  const [{ createResponseCheck }, { openApiDocument }] = await Promise.all([
    import('./openapi-check.ts'),
    import('@tidings/server/api/openapi/document.ts'),
  ])
  return createResponseCheck(openApiDocument(undefined))
}

/**
 * `fetch` that checks what comes from the service. A body of known length is read for it at once; one that is streamed
 * only with the test that reads it, so that the pace of its reading stays the test's own.
 */
export function checkingFetch(original: typeof fetch): typeof fetch {
  return async (input, init) => {
    const response = await original(input, init)
    const url = input instanceof Request ? input.url : String(input)
    const method = init?.method ?? (input instanceof Request ? input.method : 'GET')
    if (!URL.canParse(url) || !isOfInterface(url)) return response
    const seen = {
      method,
      url,
      status: response.status,
      contentType: response.headers.get('content-type') ?? undefined,
    }
    if (response.headers.has('content-length')) await checkResponse({ ...seen, text: await response.clone().text() })
    else {
      await checkResponse({ ...seen, text: undefined })
      checkWhenRead(response, seen)
    }
    return response
  }
}

function checkWhenRead(response: Response, seen: Omit<SeenResponse, 'text'>): void {
  const read = response.text.bind(response)
  const text = async () => {
    const whole = await read()
    await checkResponse({ ...seen, text: whole })
    return whole
  }
  Object.assign(response, { text, json: async () => JSON.parse(await text()) as unknown })
}

const isOfInterface = (url: string) => OF_INTERFACE.test(new URL(url).pathname)
