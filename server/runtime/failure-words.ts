import { errorCode } from './error-code.ts'

/** What an operator can do something about; told without the stack, which would lead into a library. */
const WORDS: Readonly<Record<string, (where: string) => string>> = {
  ECONNREFUSED: (where) => `nothing listens at ${where}`,
  ENOTFOUND: (where) => `there is no host ${where}`,
  EAI_AGAIN: (where) => `no name server answers for ${where}`,
  ETIMEDOUT: (where) => `no answer from ${where}`,
  EHOSTUNREACH: (where) => `there is no way to ${where}`,
  ENETUNREACH: (where) => `there is no way to the network of ${where}`,
  ECONNRESET: (where) => `${where} cut the connection`,
  EPIPE: (where) => `${where} cut the connection`,
  CONN_CLOSE: (where) => `${where} cut the connection`,
  EPROTO: (where) => `${where} does not speak TLS as it was asked to; is it the port for TLS?`,
  CONNECTION_TIMEOUT: (where) => `no answer from ${where}`,
}

/** A failure for a reason that the log has already: whoever watches over the thing that is missing has told it, and tells its end. */
export class AlreadyTold extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'AlreadyTold'
  }
}

export const isAlreadyTold = (error: unknown): boolean => rootCause(error) instanceof AlreadyTold

/** The cause of a failure to reach something, in words: what went wrong where, and the code. Undefined: another kind of failure. */
export function unreachableWords(error: unknown): string | undefined {
  const cause = rootCause(error)
  const code = errorCode(cause) ?? ''
  const words = Object.hasOwn(WORDS, code) ? WORDS[code] : undefined
  return words && `${words(placeOf(cause) ?? 'the other side')} (${code})`
}

/** The same, or the message of whatever else it is and of what caused it: one line. */
export const failureWords = (error: unknown): string => unreachableWords(error) ?? messagesOf(error).join(': ').replaceAll(/\s*\n\s*/g, ' ')

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

interface Place {
  readonly address?: unknown
  readonly hostname?: unknown
  readonly port?: unknown
}

function placeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { address, hostname, port }: Error & Place = error
  const host = typeof address === 'string' ? address : hostname
  if (typeof host !== 'string') return undefined
  return typeof port === 'number' ? `${host.includes(':') ? `[${host}]` : host}:${port}` : host
}
