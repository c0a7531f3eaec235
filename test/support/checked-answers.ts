import type { createAnswerCheck, SeenAnswer } from './openapi-check.ts'

/** The document and its page, and the entrance that leads there, do not describe themselves. */
const OF_INTERFACE = /^\/v3\/notifications\/(?!$|docs(\/|$)|openapi\.)/

let check: Promise<ReturnType<typeof createAnswerCheck>> | undefined
let count = 0

/** How many answers have been compared with the document in this file. */
export const checkedAnswers = (): number => count

/** Rejects, and so fails the test whose request it was, when an answer of the service is not as the document says. */
export async function checkAnswer(answer: SeenAnswer): Promise<void> {
  if (!isOfInterface(answer.url)) return
  const faults = (await (check ??= loadCheck()))(answer)
  count += 1
  if (faults.length > 0) throw new Error(`${answer.method} ${answer.url} was not answered as documented: ${faults.join('; ')}\n${answer.text?.slice(0, 2000) ?? ''}`)
}

/** Only for files that ask the service something. */
async function loadCheck(): Promise<ReturnType<typeof createAnswerCheck>> {
  const [{ createAnswerCheck }, { openApiDocument }] = await Promise.all([import('./openapi-check.ts'), import('@tidings/server/api/openapi/document.ts')])
  return createAnswerCheck(openApiDocument(undefined))
}

/**
 * `fetch` that checks what comes from the service. A body of known length is read for it at once; one that is streamed only
 * with the test that reads it, so that the pace of its reading stays the test's own.
 */
export function checkingFetch(original: typeof fetch): typeof fetch {
  return async (input, init) => {
    const response = await original(input, init)
    const url = input instanceof Request ? input.url : String(input)
    const method = init?.method ?? (input instanceof Request ? input.method : 'GET')
    if (!URL.canParse(url) || !isOfInterface(url)) return response
    const seen = { method, url, status: response.status, contentType: response.headers.get('content-type') ?? undefined }
    if (response.headers.has('content-length')) await checkAnswer({ ...seen, text: await response.clone().text() })
    else {
      await checkAnswer({ ...seen, text: undefined })
      checkWhenRead(response, seen)
    }
    return response
  }
}

function checkWhenRead(response: Response, seen: Omit<SeenAnswer, 'text'>): void {
  const read = response.text.bind(response)
  const text = async () => {
    const whole = await read()
    await checkAnswer({ ...seen, text: whole })
    return whole
  }
  Object.assign(response, { text, json: async () => JSON.parse(await text()) as unknown })
}

const isOfInterface = (url: string) => OF_INTERFACE.test(new URL(url).pathname)
