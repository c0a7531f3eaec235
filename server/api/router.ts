import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type RouteOptions } from 'fastify'
import { AppError } from '../errors.ts'
import type { Answering } from './answering.ts'
import type { Authenticator, Caller } from './auth/caller.ts'
import { createBodyBudget, type BodyBudget } from './body-budget.ts'
import { MAX_BODY_BYTES, MAX_SMALL_BODY_BYTES } from './json-body.ts'
import { parameterWarnings } from './known-parameters.ts'
import { allowedMethods, pathOf } from './known-paths.ts'
import { awaitsContinue, readLimited, requireLength } from './limited-body.ts'
import { DOCS_PATH, isEntrance, meantBy } from './pointers.ts'
import type { Query } from './query.ts'
import { BASE_PATH, type Call, type GuardedRoute, type PublicCall, type PublicRoute, type Route } from './route.ts'
import { originOf, screen, screenHead } from './screening.ts'
import { storageFault } from '../db/storable-text.ts'
import { createUserRequests, type UserRequests } from './user-requests.ts'

const MAX_PARAM_CHARS = 4096
/** Of a caller's user or tenant, in UTF-16 units. It becomes part of keys, and an index of PostgreSQL takes 2704 bytes. */
const MAX_NAME = 255
/** Their bodies take nothing away from those of callers with a token. */
const PUBLIC_BUDGET_BYTES = 16 * 1024 * 1024
/** Nor do those of users from what services publish. */
const USER_BUDGET_BYTES = 16 * 1024 * 1024

export interface RouterParts {
  readonly server: Server
  readonly routes: readonly Route[]
  readonly authenticator: Authenticator
  readonly answering: Answering
  readonly publicUrl?: string | undefined
  readonly onUnreadable: (error: Error & { code?: string }, socket: Socket) => void
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | undefined
    parameters: Query | undefined
    maxBodyBytes: number
  }
}

/** Finds the route, the caller and the body of a request, in this order, and has the answer written. */
export function createRouter({ server, routes, authenticator, answering, publicUrl, onUnreadable }: RouterParts): FastifyInstance {
  const app = Fastify({
    serverFactory: (handler) => server.on('request', handler),
    clientErrorHandler: onUnreadable,
    frameworkErrors: (error, request, reply) => void answering.failed(error, request, reply),
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAM_CHARS, querystringParser: () => ({}) },
  })
  app.decorateRequest('caller', undefined)
  app.decorateRequest('parameters', undefined)
  app.decorateRequest('maxBodyBytes', MAX_SMALL_BODY_BYTES)
  const answerOthers = createUnknown(routes, publicUrl)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (request: FastifyRequest, body: IncomingMessage) => readLimited(body, request.maxBodyBytes))

  // None of this needs a token.
  app.addHook('onRequest', async (request, reply) => {
    screenHead(request.raw)
    if (request.is404) return answerOthers(request, reply)
    request.parameters = screen(request.raw, paramsOf(request))
    if (request.headers['content-type']?.trim() === '') delete request.headers['content-type'] // the library refuses a blank one
    return undefined
  })
  app.addHook('preParsing', (request, reply, body, done) => {
    if (awaitsContinue(request.raw)) reply.raw.writeContinue() // the caller is known, and the length
    done(null, body)
  })
  app.setNotFoundHandler(answerOthers)
  app.setErrorHandler((error, request, reply) => answering.failed(error, request, reply))
  app.addHook('onResponse', (request, reply, done) => {
    answering.ended(request, reply)
    done()
  })
  const budgets = {
    serviceBodies: createBodyBudget(),
    userBodies: createBodyBudget({ budgetBytes: USER_BUDGET_BYTES, maxBodyBytes: MAX_SMALL_BODY_BYTES }),
    publicBodies: createBodyBudget({ budgetBytes: PUBLIC_BUDGET_BYTES, maxBodyBytes: MAX_SMALL_BODY_BYTES }),
    userRequests: createUserRequests(),
  }
  for (const route of routes) register(app, route, { authenticator, answering, ...budgets })
  return app
}

/** What is answered where no route is. */
type Unknown = (request: FastifyRequest, reply: FastifyReply) => FastifyReply

/** A known path with another method is 405, or the answer to OPTIONS; anything else is 404. Browsers find the documentation by themselves. */
function createUnknown(routes: readonly Route[], publicUrl: string | undefined): Unknown {
  return (request, reply) => {
    const target = request.raw.url ?? ''
    const documentation = `${publicUrl ?? originOf(request.raw)}${DOCS_PATH}`
    const allow = allowedMethods(routes, target)
    if (allow === undefined) {
      const isReading = request.method === 'GET' || request.method === 'HEAD'
      if (isReading && isEntrance(pathOf(target), request.headers.accept)) return reply.header('cache-control', 'no-store').redirect(documentation, 302)
      const hint = meantBy(routes, pathOf(target))
      throw new AppError('NTFAPI_ROUTE_NOT_FOUND', { details: { documentation, ...(hint === undefined ? {} : { hint }) } })
    }
    reply.header('allow', allow)
    if (request.method === 'OPTIONS') return reply.code(204).send()
    throw new AppError('NTFAPI_METHOD_NOT_ALLOWED', { details: { allowed: allow, documentation } })
  }
}

interface Registering extends Pick<RouterParts, 'authenticator' | 'answering'> {
  readonly serviceBodies: BodyBudget
  readonly userBodies: BodyBudget
  readonly publicBodies: BodyBudget
  readonly userRequests: UserRequests
}

function register(app: FastifyInstance, route: Route, parts: Registering): void {
  const address = { method: route.method, url: `${BASE_PATH}${route.path}` }
  app.route(route.who === 'anyone' ? { ...address, ...forAnyone(route, parts) } : { ...address, ...forCallers(route, parts) })
}

type Handling = Pick<RouteOptions, 'onRequest' | 'handler'>

const forAnyone = (route: PublicRoute, { answering, publicBodies }: Registering): Handling => ({
  onRequest: async (request, reply) => {
    await route.admit?.(publicCallOf(request))
    limitBody(request, MAX_SMALL_BODY_BYTES)
    publicBodies.reserve(request.raw, reply.raw)
  },
  handler: async (request, reply) => answering.either(reply, await route.handle(publicCallOf(request))),
})

function forCallers(route: GuardedRoute, { authenticator, answering, serviceBodies, userBodies, userRequests }: Registering): Handling {
  const warningsOf = parameterWarnings(route)
  return {
    onRequest: async (request, reply) => {
      reply.headers(route.headers ?? {})
      const caller = await admit(route, request, authenticator)
      userRequests.enter(caller, request.raw, reply.raw)
      limitBody(request, Math.min(route.maxBodyBytes ?? MAX_BODY_BYTES, caller.isService ? MAX_BODY_BYTES : MAX_SMALL_BODY_BYTES))
      const bodies = caller.isService ? serviceBodies : userBodies
      bodies.reserve(request.raw, reply.raw)
    },
    handler: async (request, reply) => {
      const call = callOf(request)
      return answering.done(reply, await route.handle(call), warningsOf(call.query))
    },
  }
}

/** A body of GET is never looked at. */
function limitBody(request: FastifyRequest, maxBytes: number): void {
  request.maxBodyBytes = maxBytes
  if (request.method !== 'GET' && request.method !== 'HEAD') requireLength(request.headers, maxBytes)
}

/** Before the body is read. */
async function admit(route: GuardedRoute, request: FastifyRequest, authenticator: Authenticator): Promise<Caller> {
  const caller = await authenticator.authenticate(request.raw.headersDistinct, request.method) // joined, a name with a comma would be cut
  if ([caller.jwtUser, caller.oboTenant, caller.oboUser].some((name) => name.length > MAX_NAME || storageFault(name) !== undefined)) {
    throw new AppError('NTFAPI_BAD_REQUEST', { details: { caller: 'has a name that cannot be stored' } })
  }
  request.caller = caller // a refusal names the caller
  if (route.who === 'service' && !caller.isService) throw new AppError(route.refusal ?? 'NTFLIB_UNAUTH')
  return caller
}

function callOf(request: FastifyRequest): Call {
  const { caller } = request
  if (caller === undefined) throw new Error('The request has not been admitted')
  return { ...publicCallOf(request), caller }
}

function publicCallOf(request: FastifyRequest): PublicCall {
  const { parameters, body, raw } = request
  if (parameters === undefined) throw new Error('The request has not been screened')
  return { query: parameters, params: paramsOf(request), headersDistinct: raw.headersDistinct, body: Buffer.isBuffer(body) ? body : undefined, origin: originOf(raw) }
}

/** The library gives every parameter of a path as a text. */
const paramsOf = (request: FastifyRequest) => request.params as Readonly<Record<string, string>>
