import type { Sender, SendRequest } from '@tidings/server/delivery/sender.ts'
import type { SendResult } from '@tidings/server/delivery/send-result.ts'
import type { Random } from '../world/random.ts'
import type { Receivers, Response } from '../world/receivers.ts'
import type { Scheduler } from '../world/scheduler.ts'
import type { SimMachine } from './machine.ts'

/** An attempt whose request was handed to the network. */
export interface SentRequest {
  /** The process knows how it ended. */
  ended(result: SendResult): void
}

export interface SimSenderDeps {
  readonly scheduler: Scheduler
  readonly random: Random
  readonly machine: SimMachine
  readonly receivers: Receivers
  /** Until then some connections take long. */
  readonly slowUntilMs: number
  /** Called in the moment in which the request is handed over. */
  readonly onSend: (uuid: string) => SentRequest
}

/** As of the webhook sender, but shorter, so that a run is. */
const TOTAL_MS = 6000
const SLOW_CONNECT = { share: 0.08, minMs: 100, maxMs: 1900 }
/** Senders of mail read the head again before they hand it over. */
const RENEWING_SHARE = 0.1

/** Stands for the senders of webhooks and mails: at most one request, at the last moment allowed by `maySend`. */
export function createSimSender(deps: SimSenderDeps): Pick<Sender, 'send'> {
  const { scheduler, random, machine, receivers, slowUntilMs, onSend } = deps
  const isSlow = () => scheduler.now < slowUntilMs && random.chance(SLOW_CONNECT.share)

  const connectMs = () => (isSlow() ? random.between(SLOW_CONNECT.minMs, SLOW_CONNECT.maxMs) : random.between(0.2, 4))

  return { send: (request) => new Promise((resolve) => attempt(request, resolve)) }

  function attempt(request: SendRequest, resolve: (result: SendResult) => void): void {
    const startedAt = machine.now()
    const durationMs = () => Math.round(machine.now() - startedAt)
    let isOver = false
    let sent: SentRequest | undefined

    function end(result: SendResult): void {
      if (isOver) return
      isOver = true
      stopTimer()
      request.signal.removeEventListener('abort', abort)
      sent?.ended(result)
      resolve(result)
    }
    const abort = () => end({ kind: 'aborted', wasWritten: sent !== undefined })
    const stopTimer = machine.startTimer(TOTAL_MS, () =>
      end({ kind: 'failed', reason: 'answer_timeout', stage: 'answer', durationMs: durationMs() }),
    )
    request.signal.addEventListener('abort', abort)

    function respond(response: Response): void {
      if (response.kind === 'closed')
        end({ kind: 'failed', reason: 'closed_early', stage: 'answer', durationMs: durationMs() })
      else end({ ...response, kind: 'answered', durationMs: durationMs() })
    }

    function handOver(): void {
      if (isOver) return
      if (!request.maySend()) {
        end({ kind: 'not_sent' })
        return
      }
      sent = onSend(request.uuid)
      const { uuid, body } = request
      scheduler.after(random.between(0.1, 2), () =>
        receivers.arrive(request.address, { uuid, body: body.toString('utf8') }, (response) =>
          scheduler.after(random.between(0.1, 2), () => machine.deliver(() => respond(response))),
        ),
      )
    }

    function connected(): void {
      if (isOver) return
      if (receivers.modeOf(request.address) === 'down')
        end({ kind: 'failed', reason: 'connect_refused', stage: 'connect', durationMs: durationMs() })
      else if (random.chance(RENEWING_SHARE)) void request.renew().then(handOver)
      else handOver()
    }

    scheduler.after(connectMs(), () => machine.deliver(connected))
  }
}
