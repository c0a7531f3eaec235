import { fork } from 'node:child_process'
import type { LookupAddress } from 'node:dns'
import { fileURLToPath } from 'node:url'
import { helperEnvironment } from './helper-environment.ts'
import type { NameAnswer } from './look-up.ts'

const PROGRAM = fileURLToPath(new URL('helper.js', import.meta.url))
/** A helper that says nothing for so long, although it was asked whether it is there, is taken for dead: one that works, and one that starts. */
const DEAF_AFTER_MS = { ready: 5000, starting: 20_000 }

export interface HelperOptions {
  readonly threads: number
  /** What it runs, unless it is `helper.js`. */
  readonly program?: string | undefined
}

export interface HelperEvents {
  onAnswer(id: number, answer: NameAnswer): void
  /** Once, whatever it ended by; `wasReady`: it had begun to work. Nothing is answered afterwards. */
  onEnd(end: HelperEnd): void
}

export interface HelperEnd {
  readonly wasReady: boolean
  /** A signal, an exit code or what the operating system says. */
  readonly by: string
}

/** A process that runs getaddrinfo in threads of its own. */
export interface Helper {
  readonly pid: number | undefined
  /** Look-ups that it can run at once. */
  readonly room: number
  look(id: number, name: string): void
  /** It was asked something and has not moved since. */
  isDeaf(): boolean
  /** At once, with all that it is doing. */
  kill(): void
}

type Message =
  | { readonly kind: 'ready' | 'pong' }
  | { readonly kind: 'answer'; readonly id: number; readonly addresses?: readonly LookupAddress[]; readonly code?: string }

/**
 * Starts a helper with so many threads, of which libuv gives half to look-ups (deps/uv/src/threadpool.c, slow_work_thread_threshold).
 * In a session of its own: signals of a terminal do not reach it. It keeps no process from ending.
 */
export function startHelper({ threads, program = PROGRAM }: HelperOptions, { onAnswer, onEnd }: HelperEvents): Helper {
  const child = fork(program, [], { env: { ...helperEnvironment(), UV_THREADPOOL_SIZE: String(threads) }, execArgv: [], detached: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
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
  child.on('disconnect', () => child.kill('SIGKILL')) // its exit follows, with the true reason
  child.on('message', (message: Message) => {
    pingedAt = undefined
    if (hasEnded) return
    if (message.kind === 'ready') wasReady = true
    if (message.kind === 'answer') onAnswer(message.id, message.addresses ? { kind: 'found', addresses: message.addresses } : { kind: 'failed', code: message.code ?? 'unknown' })
  })

  function tell(message: object): void {
    if (child.connected) child.send(message, () => undefined) // a channel that breaks is told by its end
  }

  return {
    pid: child.pid,
    room: Math.ceil(threads / 2),
    look(id, name) {
      tell({ id, name })
      if (pingedAt !== undefined) return
      pingedAt = performance.now()
      tell({ kind: 'ping' })
    },
    isDeaf: () => pingedAt !== undefined && performance.now() - pingedAt > (wasReady ? DEAF_AFTER_MS.ready : DEAF_AFTER_MS.starting),
    kill() {
      hasEnded = true
      child.kill('SIGKILL')
    },
  }
}
