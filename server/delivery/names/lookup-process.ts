import { fork } from 'node:child_process'
import type { LookupAddress } from 'node:dns'
import { fileURLToPath } from 'node:url'
import { lookupEnvironment } from './lookup-environment.ts'
import type { LookupResult } from './pending-lookup.ts'

const PROGRAM = fileURLToPath(new URL('lookup-program.js', import.meta.url))
/**
 * A process that does not respond to a ping for this long is considered dead. `ready`: after its start, `starting`:
 * during it.
 */
const UNRESPONSIVE_AFTER_MS = { ready: 5000, starting: 20_000 }

export interface LookupProcessOptions {
  readonly threads: number
  /** The program to run; `lookup-program.js` unless given. */
  readonly program?: string | undefined
}

export interface LookupProcessEvents {
  onAnswer(id: number, answer: LookupResult): void
  /** Called once, however the process ended. `wasReady`: it had started to work. No answer follows. */
  onEnd(end: LookupProcessEnd): void
}

export interface LookupProcessEnd {
  readonly wasReady: boolean
  /** A signal, an exit code, or the operating system's message. */
  readonly by: string
}

/** A process that runs getaddrinfo in its own threads. */
export interface LookupProcess {
  readonly pid: number | undefined
  /** How many look-ups it can run at once. */
  readonly capacity: number
  /** Starts a look-up; its result comes by `onAnswer`. */
  lookUp(id: number, name: string): void
  /** Returns whether a ping has been unanswered for too long. */
  isUnresponsive(): boolean
  /** Kills it at once, with everything it is doing. `onEnd` is not called. */
  kill(): void
}

type Message =
  | { readonly kind: 'ready' | 'pong' }
  | {
      readonly kind: 'answer'
      readonly id: number
      readonly addresses?: readonly LookupAddress[]
      readonly code?: string
    }

/**
 * Starts a process with this many threads, of which libuv gives half to look-ups (deps/uv/src/threadpool.c,
 * slow_work_thread_threshold). It runs in its own session, so that signals of a terminal do not reach it, and does not
 * keep this process alive.
 */
export function startLookupProcess(
  { threads, program = PROGRAM }: LookupProcessOptions,
  { onAnswer, onEnd }: LookupProcessEvents,
): LookupProcess {
  const child = fork(program, [], {
    env: { ...lookupEnvironment(), UV_THREADPOOL_SIZE: String(threads) },
    execArgv: [],
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  child.unref()
  child.channel?.unref()
  let wasReady = false
  let hasEnded = false
  let pingedAt: number | undefined

  function end(by: string): void {
    if (hasEnded) return
    hasEnded = true
    child.kill('SIGKILL')
    onEnd({ wasReady, by })
  }

  child.on('error', (error) => end(error.message))
  child.on('exit', (code, signal) => end(signal ?? `exit code ${code}`))
  child.on('disconnect', () => child.kill('SIGKILL')) // 'exit' follows, with the real reason
  child.on('message', (message: Message) => {
    pingedAt = undefined
    if (hasEnded) return
    if (message.kind === 'ready') wasReady = true
    if (message.kind === 'answer')
      onAnswer(
        message.id,
        message.addresses
          ? { kind: 'found', addresses: message.addresses }
          : { kind: 'failed', code: message.code ?? 'unknown' },
      )
  })

  function send(message: object): void {
    if (child.connected) child.send(message, () => undefined) // a broken channel is reported by 'exit'
  }

  return {
    pid: child.pid,
    capacity: Math.ceil(threads / 2),
    lookUp(id, name) {
      send({ id, name })
      if (pingedAt !== undefined) return
      pingedAt = performance.now()
      send({ kind: 'ping' })
    },
    isUnresponsive: () =>
      pingedAt !== undefined &&
      performance.now() - pingedAt > (wasReady ? UNRESPONSIVE_AFTER_MS.ready : UNRESPONSIVE_AFTER_MS.starting),
    kill() {
      hasEnded = true
      child.kill('SIGKILL')
    },
  }
}
