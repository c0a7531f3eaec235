import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'

/**
 * A Tenants service on a free port: `GET /v3/tenants` and `GET /v3/sites`, in the envelope of the original (protocol
 * 1.3).
 */
export interface TenantsServer {
  readonly baseUrl: string
  /** Paths requested so far. */
  readonly requests: string[]
  tenants: unknown[]
  sites: unknown[]
  /** Answers in another way until it is set to undefined again. */
  answer: ((response: ServerResponse) => void) | undefined
  close(): Promise<void>
}

export async function startTenantsServer({
  tenants,
  sites,
}: {
  tenants: unknown[]
  sites: unknown[]
}): Promise<TenantsServer> {
  const server = createServer((request, response) => {
    service.requests.push(request.url ?? '')
    if (service.answer) {
      service.answer(response)
    } else if (request.method === 'GET' && request.url === '/v3/tenants') {
      sendList(response, service.tenants)
    } else if (request.method === 'GET' && request.url === '/v3/sites') {
      sendList(response, service.sites)
    } else {
      response.writeHead(404).end()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const service: TenantsServer = {
    baseUrl: `http://127.0.0.1:${port}`,
    requests: [],
    tenants,
    sites,
    answer: undefined,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return service
}

function sendList(response: ServerResponse, result: unknown[]): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ result, status: 'success', message: 'retrieved', version: 'test' }))
}
