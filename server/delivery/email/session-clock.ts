import { startDeadline } from '../../runtime/deadline.ts'
import type { SmtpLimits } from './smtp-limits.ts'

/** What a session waits for. */
export type Phase = 'tls' | 'greeting' | 'command' | 'data' | 'block' | 'final' | 'farewell'

const LIMIT_OF: Readonly<Record<Phase, keyof SmtpLimits>> = {
  tls: 'tlsMs', greeting: 'greetingMs', command: 'commandMs', data: 'dataMs', block: 'blockMs', final: 'finalMs', farewell: 'farewellMs',
}

const PHASE_OF: Readonly<Record<string, Phase>> = { STARTTLS: 'tls', DATA: 'data', RSET: 'farewell', QUIT: 'farewell' }

/** What nodemailer tells of a session: `client` a command that is sent, `server` a whole answer that has come. */
interface Told {
  readonly tnx: string | undefined
  readonly remoteAddress?: unknown
}

export interface SessionClock {
  /** The connection is open: the server is to greet, after a handshake if it is asked for at once. */
  start(isSecure: boolean): void
  /** The protocol of a session is told line by line (nodemailer: `logger`, `transactionLog`). It is followed, and written nowhere. */
  readonly tell: (told: Told, line: string) => void
  /** The server has taken some of the text. */
  block(): void
  /** The server has said that it can encrypt, was asked to, and no answer came over the encrypted connection yet. */
  readonly isSecuring: boolean
  /** The server awaits the text, or the rest of it: nothing else can be said to it. */
  readonly isText: boolean
  /** The extensions of the last answer to EHLO, in capitals. */
  readonly extensions: ReadonlySet<string>
  end(): void
}

/**
 * Gives each wait of a session its own limit. Commands can be sent several at a time (RFC 2920); then each has its limit from
 * the moment in which its answer is the next to come. Only a whole answer ends a wait, so one that trickles has no more time.
 */
export function createSessionClock(limits: SmtpLimits, onPassed: (phase: Phase) => void): SessionClock {
  let awaited: { phase: Phase; verb: string }[] = []
  let isSecuring = false
  let isText = false
  let extensions: ReadonlySet<string> = new Set()
  let stop = (): void => undefined

  function watch(phase: Phase | undefined): void {
    stop()
    stop = phase === undefined ? () => undefined : startDeadline(limits[LIMIT_OF[phase]], () => onPassed(phase))
  }

  function sent(line: string): void {
    const verb = line.split(' ', 1)[0]?.toUpperCase() ?? ''
    isText = false
    awaited.push({ phase: PHASE_OF[verb] ?? 'command', verb })
    isSecuring ||= verb === 'STARTTLS'
    if (awaited.length === 1) watch(awaited[0]?.phase)
  }

  function answered(line: string): void {
    const { verb } = awaited.shift() ?? {}
    if (verb === 'DATA') isText = /^[23]/.test(line)
    if (verb === 'EHLO' || (verb === 'STARTTLS' && !line.startsWith('2') && !line.startsWith('421'))) isSecuring = false
    if (verb === 'EHLO') extensions = extensionsIn(line)
    if (verb === 'STARTTLS' && isSecuring) watch('tls')
    else watch(isText ? 'block' : awaited[0]?.phase)
  }

  return {
    start: (isSecure) => watch(isSecure ? 'tls' : 'greeting'),
    tell({ tnx, remoteAddress }, line) {
      if (tnx === 'client') sent(line)
      if (tnx === 'server') answered(line)
      if (tnx === 'network' && remoteAddress !== undefined) {
        awaited = [{ phase: 'greeting', verb: '' }]
        watch('greeting')
      }
      // The text has gone, its dot included.
      if (tnx === 'message' && isText) {
        isText = false
        awaited = [{ phase: 'final', verb: '.' }]
        watch('final')
      }
    },
    block() {
      if (isText) watch('block')
    },
    get isSecuring() {
      return isSecuring
    },
    get isText() {
      return isText
    },
    get extensions() {
      return extensions
    },
    end: () => watch(undefined),
  }
}

/** The first line of an answer to EHLO greets (RFC 5321 4.1.1.1). */
const extensionsIn = (answer: string) => new Set(answer.split(/\r?\n/).slice(1).map((line) => /^\d+[ -]([^ ]+)/.exec(line)?.[1]?.toUpperCase() ?? ''))
