import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

/** How a receiver behaves at the moment. */
export type ReceiverMode =
  | 'prompt'
  | 'slow'
  /** Takes the request and never responds. */
  | 'hanging'
  /** Nothing listens. */
  | 'down'
  | 'failing'
  /** 503 with Retry-After. */
  | 'busy'
  | 'gone'
  /** Acts on the request, then cuts the connection. */
  | 'cutting'

export interface Request {
  readonly uuid: string
  readonly body: string
}

export type Response =
  { readonly kind: 'status'; readonly httpStatus: number; readonly retryAfterMs?: number } | { readonly kind: 'closed' }

/** The receivers of webhooks, which are not ours. */
export interface Receivers {
  setMode(address: string, mode: ReceiverMode): void
  modeOf(address: string): ReceiverMode
  /** A request has come. `respond` is called at most once. */
  arrive(address: string, request: Request, respond: (response: Response) => void): void
}

const RETRY_AFTER_S = { min: 1, max: 3 }
/** Of the requests that a receiver refuses although nothing is wrong with it. */
const HICCUP_SHARE = 0.05

export interface ReceiversDeps {
  readonly scheduler: Scheduler
  readonly random: Random
  readonly onArrival: (address: string, request: Request, response: Response | undefined) => void
}

export function createReceivers({ scheduler, random, onArrival }: ReceiversDeps): Receivers {
  const modes = new Map<string, ReceiverMode>()
  const modeOf = (address: string) => modes.get(address) ?? 'prompt'
  const retryAfterS = () => RETRY_AFTER_S.min + random.below(RETRY_AFTER_S.max - RETRY_AFTER_S.min + 1)

  function responseIn(mode: ReceiverMode): { readonly response: Response | undefined; readonly afterMs: number } {
    switch (mode) {
      case 'prompt':
        if (random.chance(HICCUP_SHARE))
          return { response: { kind: 'status', httpStatus: 500 }, afterMs: random.between(1, 30) }
        return { response: { kind: 'status', httpStatus: 200 }, afterMs: random.between(1, 30) }
      case 'slow':
        return { response: { kind: 'status', httpStatus: 204 }, afterMs: random.between(300, 2500) }
      case 'failing':
        return { response: { kind: 'status', httpStatus: 500 }, afterMs: random.between(1, 30) }
      case 'busy':
        return {
          response: { kind: 'status', httpStatus: 503, retryAfterMs: 1000 * retryAfterS() },
          afterMs: random.between(1, 30),
        }
      case 'gone':
        return { response: { kind: 'status', httpStatus: 410 }, afterMs: random.between(1, 30) }
      case 'cutting':
        return { response: { kind: 'closed' }, afterMs: random.between(1, 30) }
      case 'hanging':
      case 'down':
        return { response: undefined, afterMs: 0 }
      default:
        return mode satisfies never
    }
  }

  return {
    setMode: (address, mode) => void modes.set(address, mode),
    modeOf,
    arrive(address, request, respond) {
      const { response, afterMs } = responseIn(modeOf(address))
      onArrival(address, request, response)
      if (response) scheduler.after(afterMs, () => respond(response))
    },
  }
}
