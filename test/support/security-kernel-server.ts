import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

export const SERVICE_PASSWORD = 'the password: of a service'

/** A request, as far as protocol 1.7 says what it must be. */
export interface RecordedRequest {
  readonly method: string
  /** With its query, below the base that was requested. */
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
}

type Respond = (response: ServerResponse) => void

/**
 * A Tokens service and a Security Kernel on a free port, below whatever base addresses. They reject wrong passwords and
 * tokens that they did not give, as the real ones do.
 */
export interface SecurityKernelServer {
  readonly baseUrl: string
  readonly tokenRequests: RecordedRequest[]
  readonly questions: RecordedRequest[]
  /** `user@tenant`. */
  readonly admins: Set<string>
  /** Of tokens that are given from now on, in seconds. */
  tokenLifeS: number
  /** Answer in another way until set to undefined again. */
  answerTokens: Respond | undefined
  answerQuestions: Respond | undefined
  /** All tokens that were given are void. */
  revokeTokens(): void
  close(): Promise<void>
}

export async function startSecurityKernel(): Promise<SecurityKernelServer> {
  const tokens = new Set<string>()
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request
    const asked: RecordedRequest = { method, url, headers, body: await json(request) }
    if (url.endsWith('/v3/tokens')) {
      service.tokenRequests.push(asked)
      if (service.answerTokens) service.answerTokens(response)
      else giveToken(asked, response)
    } else if (url.endsWith('/v3/security/user/isAdmin?pretty=false')) {
      service.questions.push(asked)
      if (service.answerQuestions) service.answerQuestions(response)
      else tellAdmin(asked, response)
    } else {
      sendJson(response, 404, null)
    }
  }

  function giveToken({ method, headers }: RecordedRequest, response: ServerResponse): void {
    const login = `Basic ${Buffer.from(`notifications:${SERVICE_PASSWORD}`).toString('base64')}`
    if (method !== 'POST' || headers.authorization !== login) {
      sendJson(response, 401, null)
      return
    }
    const token = `token-${randomUUID()}`
    tokens.add(token)
    sendJson(response, 200, {
      access_token: {
        access_token: token,
        jti: randomUUID(),
        expires_in: service.tokenLifeS,
        expires_at: new Date(Date.now() + service.tokenLifeS * 1000).toISOString(),
      },
      refresh_token: { refresh_token: 'refresh', jti: randomUUID(), expires_in: service.tokenLifeS, expires_at: '' },
    })
  }

  function tellAdmin({ method, headers, body }: RecordedRequest, response: ServerResponse): void {
    if (method !== 'POST' || !tokens.has(String(headers['x-tapis-token']))) {
      sendJson(response, 401, null)
      return
    }
    const { tenant, user } = body as { tenant: string; user: string }
    sendJson(response, 200, { isAuthorized: service.admins.has(`${user}@${tenant}`) })
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const service: SecurityKernelServer = {
    baseUrl: `http://127.0.0.1:${port}`,
    tokenRequests: [],
    questions: [],
    admins: new Set(),
    tokenLifeS: 14_400,
    answerTokens: undefined,
    answerQuestions: undefined,
    revokeTokens: () => tokens.clear(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return service
}

function sendJson(response: ServerResponse, status: number, result: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(
    JSON.stringify({
      result,
      status: status === 200 ? 'success' : 'error',
      message: '',
      version: 'test',
      commit: '',
      build: '',
      metadata: null,
    }),
  )
}
