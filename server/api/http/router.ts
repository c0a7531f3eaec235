import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type RouteOptions } from 'fastify'
import type { Log } from '../../log.ts'
import { AppError } from '../errors.ts'
import type { Responder } from './response/responder.ts'
import type { Authenticator, Caller } from '../auth/caller.ts'
import { createBodyBudget, type BodyBudget } from './body/body-budget.ts'
import { createDoor, type Door, type Guest } from './body/door.ts'
import { MAX_CALLER_NAME } from '@tidings/contract/caller-name.ts'
import { MAX_BODY_BYTES } from '@tidings/contract/body-limit.ts'
import { MAX_SMALL_BODY_BYTES } from './body/json-body.ts'
import { parameterWarnings } from './parameter-warnings.ts'
import { allowedMethods, pathOf } from './allowed-methods.ts'
import { awaitsContinue, readLimited, requireLength } from './body/limited-body.ts'
import { DOCS_PATH, isRootPageRequest, notFoundHint } from './not-found-hint.ts'
import type { Query } from './query.ts'
import { BASE_PATH } from '@tidings/contract/base-path.ts'
import type { RequestContext, GuardedRoute, PublicRequestContext, PublicRoute, Route } from './route.ts'
import { originOf, validateRequest, validateHead } from './request-validation.ts'
import { unstorableReason } from '../../db/storable-text.ts'
import { createUserRequestLimit, type UserRequestLimit } from './user-request-limit.ts'

const MAX_PARAM_CHARS = 4096
/** Separate, so that bodies of callers without a token take nothing away from the others. */
const PUBLIC_BUDGET_BYTES = 16 * 1024 * 1024
/** Separate, so that bodies of users take nothing away from what services publish. */
const USER_BUDGET_BYTES = 16 * 1024 * 1024

export interface RouterDeps {
  readonly server: Server
  readonly routes: readonly Route[]
  readonly authenticator: Authenticator
  readonly responder: Responder
  readonly log: Log
  readonly publicUrl?: string | undefined
  readonly onMalformedRequest: (error: Error & { code?: string }, socket: Socket) => void
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | undefined
    parameters: Query | undefined
    maxBodyBytes: number
    /** Before its body was read, in ms. */
    waitedMs: number
  }
}

/**
 * Creates the HTTP framework: it finds the route, the caller and the body of a request, in this order, and has the
 * response written.
 */
export function createRouter({
  server,
  routes,
  authenticator,
  responder,
  log,
  publicUrl,
  onMalformedRequest,
}: RouterDeps): FastifyInstance {
  const app = Fastify({
    serverFactory: (handler) => server.on('request', handler),
    clientErrorHandler: onMalformedRequest,
    frameworkErrors: (error, request, reply) => void responder.respondError(error, request, reply),
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAM_CHARS, querystringParser: () => ({}) },
  })
  app.decorateRequest('caller', undefined)
  app.decorateRequest('parameters', undefined)
  app.decorateRequest('maxBodyBytes', MAX_SMALL_BODY_BYTES)
  app.decorateRequest('waitedMs', 0)
  const handleNotFound = createNotFoundHandler(routes, publicUrl)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (request: FastifyRequest, body: IncomingMessage) =>
    readLimited(body, request.maxBodyBytes),
  )

  // None of this needs a token.
  app.addHook('onRequest', async (request, reply) => {
    validateHead(request.raw)
    if (request.is404) return handleNotFound(request, reply)
    request.parameters = validateRequest(request.raw, paramsOf(request))
    // the library rejects a blank one
    if (request.headers['content-type']?.trim() === '') delete request.headers['content-type']
    return undefined
  })
  app.addHook('preParsing', (request, reply, body, done) => {
    if (awaitsContinue(request.raw)) reply.raw.writeContinue() // the caller and the length have been checked
    done(null, body)
  })
  app.setNotFoundHandler(handleNotFound)
  app.setErrorHandler((error, request, reply) => responder.respondError(error, request, reply))
  app.addHook('onResponse', (request, reply, done) => {
    responder.logResponse(request, reply)
    done()
  })
  const budgets = {
    door: createDoor({ log }),
    userBodies: createBodyBudget({ budgetBytes: USER_BUDGET_BYTES, maxBodyBytes: MAX_SMALL_BODY_BYTES }),
    publicBodies: createBodyBudget({ budgetBytes: PUBLIC_BUDGET_BYTES, maxBodyBytes: MAX_SMALL_BODY_BYTES }),
    userRequests: createUserRequestLimit(),
  }
  for (const route of routes) register(app, route, { authenticator, responder, ...budgets })
  return app
}

/** Responds where there is no route. */
type NotFoundHandler = (request: FastifyRequest, reply: FastifyReply) => FastifyReply

/**
 * Rejects a known path with another method by 405, responds to OPTIONS; anything else is 404. Browsers are redirected
 * to the documentation.
 */
function createNotFoundHandler(routes: readonly Route[], publicUrl: string | undefined): NotFoundHandler {
  return (request, reply) => {
    const target = request.raw.url ?? ''
    const documentation = `${publicUrl ?? originOf(request.raw)}${DOCS_PATH}`
    const allow = allowedMethods(routes, target)
    if (allow === undefined) {
      const isReading = request.method === 'GET' || request.method === 'HEAD'
      if (isReading && isRootPageRequest(pathOf(target), request.headers.accept))
        return reply.header('cache-control', 'no-store').redirect(documentation, 302)
      const hint = notFoundHint(routes, pathOf(target))
      throw new AppError('NTFAPI_ROUTE_NOT_FOUND', {
        details: { documentation, ...(hint === undefined ? {} : { hint }) },
      })
    }
    reply.header('allow', allow)
    if (request.method === 'OPTIONS') return reply.code(204).send()
    throw new AppError('NTFAPI_METHOD_NOT_ALLOWED', { details: { allowed: allow, documentation } })
  }
}

interface RouteDeps extends Pick<RouterDeps, 'authenticator' | 'responder'> {
  readonly door: Door
  readonly userBodies: BodyBudget
  readonly publicBodies: BodyBudget
  readonly userRequests: UserRequestLimit
}

function register(app: FastifyInstance, route: Route, deps: RouteDeps): void {
  const address = { method: route.method, url: `${BASE_PATH}${route.path}` }
  app.route(
    route.who === 'anyone'
      ? { ...address, ...publicRouteHooks(route, deps) }
      : { ...address, ...guardedRouteHooks(route, deps) },
  )
}

type RouteHooks = Pick<RouteOptions, 'onRequest' | 'handler'>

const publicRouteHooks = (route: PublicRoute, { responder, publicBodies }: RouteDeps): RouteHooks => ({
  onRequest: async (request, reply) => {
    await route.admit?.(publicContextOf(request))
    limitBody(request, MAX_SMALL_BODY_BYTES)
    publicBodies.reserve(request.raw, reply.raw)
  },
  handler: async (request, reply) => responder.respondPublic(reply, await route.handle(publicContextOf(request))),
})

function guardedRouteHooks(
  route: GuardedRoute,
  { authenticator, responder, door, userBodies, userRequests }: RouteDeps,
): RouteHooks {
  return {
    onRequest: async (request, reply) => {
      reply.headers(route.headers ?? {})
      const caller = await admit(route, request, authenticator)
      userRequests.admit(caller, request.raw, reply.raw)
      const { maxBodyBytes = MAX_BODY_BYTES } = route
      limitBody(request, caller.isService ? maxBodyBytes : Math.min(maxBodyBytes, MAX_SMALL_BODY_BYTES))
      if (!caller.isService) userBodies.reserve(request.raw, reply.raw)
      else request.waitedMs = await door.enter(request.raw, reply.raw, guestOf(route, caller, request))
    },
    handler: async (request, reply) => {
      const context = contextOf(request)
      return responder.respond(
        reply,
        await route.handle(context),
        parameterWarnings(context.query, route.queryParameters ?? []),
      )
    },
  }
}

/** Limits the body. That of a GET is ignored. */
function limitBody(request: FastifyRequest, maxBytes: number): void {
  request.maxBodyBytes = maxBytes
  if (request.method !== 'GET' && request.method !== 'HEAD') requireLength(request.headers, maxBytes)
}

/** Authenticates the caller, before the body is read. */
async function admit(route: GuardedRoute, request: FastifyRequest, authenticator: Authenticator): Promise<Caller> {
  // distinct: in joined headers a name with a comma would be cut
  const caller = await authenticator.authenticate(request.raw.headersDistinct, request.method)
  if (
    [caller.jwtUser, caller.oboTenant, caller.oboUser].some(
      (name) => name.length > MAX_CALLER_NAME || unstorableReason(name) !== undefined,
    )
  ) {
    throw new AppError('NTFAPI_BAD_REQUEST', { details: { caller: 'has a name that cannot be stored' } })
  }
  request.caller = caller // rejections from here on name the caller
  if (route.who === 'service' && !caller.isService) throw new AppError(route.rejectionCode ?? 'NTFLIB_UNAUTH')
  return caller
}

/** Waits in the turn of the tenant of the event, so far as the caller may act for it: nobody has turns for free. */
function guestOf({ maxEvents = 1 }: GuardedRoute, caller: Caller, { parameters, maxBodyBytes }: FastifyRequest): Guest {
  const asked = parameters?.isRepeated('tenant') === false ? parameters.text('tenant') : undefined
  const tenant = asked !== undefined && caller.mayActFor(asked) ? asked : caller.oboTenant
  return { tenant, maxBodyBytes, maxEvents }
}

function contextOf(request: FastifyRequest): RequestContext {
  const { caller } = request
  if (caller === undefined) throw new Error('The request has not been admitted')
  return { ...publicContextOf(request), caller, waitedMs: request.waitedMs }
}

function publicContextOf(request: FastifyRequest): PublicRequestContext {
  const { parameters, body, raw } = request
  if (parameters === undefined) throw new Error('The request has not been validated')
  return {
    query: parameters,
    params: paramsOf(request),
    headersDistinct: raw.headersDistinct,
    body: Buffer.isBuffer(body) ? body : undefined,
    origin: originOf(raw),
  }
}

/** The library passes every parameter of a path as a text. */
const paramsOf = (request: FastifyRequest) => request.params as Readonly<Record<string, string>>
