import { rawHeadersOf, sendExactRequest, type ExactResponse } from './exact-request.ts'
import { checkResponse } from './response-checks.ts'

/** An exact request with these headers, whose response is as the document says, or else this rejects. */
export async function sendCheckedRequest(
  base: string,
  method: string,
  path: string,
  headers: Parameters<typeof rawHeadersOf>[1],
  body?: object,
): Promise<ExactResponse> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const answer = await sendExactRequest(base, method, path, rawHeadersOf(base, headers, text), text)
  await checkResponse({
    method,
    url: `${base}/v3/notifications${path}`,
    status: answer.status,
    contentType: answer.contentType,
    text: answer.text,
  })
  return answer
}
