import { EventInput } from '@tidings/contract/event.ts'
import Fastify from 'fastify'

const RESPONSE = { type: 'object', properties: { status: { type: 'string' } } } as const
const MAX_BODY_BYTES = 2 ** 20

export const PUBLISH_PATH = '/events'

/**
 * Listens for events over HTTP: checked against the schema that Tidings has, without its authentication. Responds when
 * `accept` has resolved. Returns the address.
 */
export async function listenForEvents(accept: (event: EventInput) => Promise<unknown>): Promise<string> {
  const server = Fastify({ logger: false, bodyLimit: MAX_BODY_BYTES })
  server.post<{ Body: EventInput }>(
    PUBLISH_PATH,
    { schema: { body: EventInput, response: { 200: RESPONSE } } },
    async ({ body }) => {
      await accept(body)
      return { status: 'success' }
    },
  )
  return server.listen({ host: '127.0.0.1', port: 0 })
}
