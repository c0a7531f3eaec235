import { errorCode } from './error-code.ts'

/** Failures that an operator can fix, in words: a stack would only lead into a library. */
const TEXTS: Readonly<Record<string, (where: string) => string>> = {
  ECONNREFUSED: (where) => `nothing listens at ${where}`,
  ENOTFOUND: (where) => `there is no host ${where}`,
  EAI_AGAIN: (where) => `no name server responds for ${where}`,
  ETIMEDOUT: (where) => `no response from ${where}`,
  EHOSTUNREACH: (where) => `there is no route to ${where}`,
  ENETUNREACH: (where) => `there is no route to the network of ${where}`,
  ECONNRESET: (where) => `${where} closed the connection`,
  EPIPE: (where) => `${where} closed the connection`,
  CONN_CLOSE: (where) => `${where} closed the connection`,
  EPROTO: (where) => `${where} does not speak TLS; is this the port for TLS?`,
  CONNECTION_TIMEOUT: (where) => `no response from ${where}`,
}

/**
 * A failure whose cause is in the log already: another part watches over what is missing, and logs its begin and end.
 */
export class AlreadyLogged extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'AlreadyLogged'
  }
}

export const isAlreadyLogged = (error: unknown): boolean => rootCause(error) instanceof AlreadyLogged

/**
 * Returns the cause of a failure to reach something, in words: what went wrong where, and the code. Undefined for other
 * kinds of failure.
 */
export function unreachableText(error: unknown): string | undefined {
  const cause = rootCause(error)
  const code = errorCode(cause) ?? ''
  const words = Object.hasOwn(TEXTS, code) ? TEXTS[code] : undefined
  return words && `${words(endpointOf(cause) ?? 'the other side')} (${code})`
}

/** Returns the same, or for other failures their message and those of their causes: one line. */
export const failureText = (error: unknown): string =>
  unreachableText(error) ??
  messagesOf(error)
    .join(': ')
    .replaceAll(/\s*\n\s*/g, ' ')

function messagesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)]
  // The RabbitMQ library begins with the name of the request, which a connection has none of.
  const message = error.message.replace(/^undefined: /, '')
  const inner = error.cause instanceof Error ? messagesOf(error.cause) : []
  return inner.some((text) => message.includes(text)) ? [message] : [message, ...inner]
}

/** Wrappers say what was tried; what went wrong is inside. Of several addresses that were tried, the first. */
function rootCause(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return rootCause(error.errors[0])
  return error instanceof Error && error.cause instanceof Error ? rootCause(error.cause) : error
}

interface Endpoint {
  readonly address?: unknown
  readonly hostname?: unknown
  readonly port?: unknown
}

function endpointOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { address, hostname, port }: Error & Endpoint = error
  const host = typeof address === 'string' ? address : hostname
  if (typeof host !== 'string') return undefined
  return typeof port === 'number' ? `${host.includes(':') ? `[${host}]` : host}:${port}` : host
}
