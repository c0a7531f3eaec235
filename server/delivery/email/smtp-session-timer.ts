import { startDeadline } from '../../runtime/deadline.ts'
import type { SmtpLimits } from './smtp-limits.ts'

/** What a session waits for. */
export type Phase = 'tls' | 'greeting' | 'command' | 'data' | 'block' | 'final' | 'farewell'

const LIMIT_OF: Readonly<Record<Phase, keyof SmtpLimits>> = {
  tls: 'tlsMs',
  greeting: 'greetingMs',
  command: 'commandMs',
  data: 'dataMs',
  block: 'blockMs',
  final: 'finalMs',
  farewell: 'farewellMs',
}

const PHASE_OF: Readonly<Record<string, Phase>> = { STARTTLS: 'tls', DATA: 'data', RSET: 'farewell', QUIT: 'farewell' }

/** A log event of nodemailer: `client`: a command that is sent, `server`: a complete reply that has come. */
interface ProtocolEvent {
  readonly tnx: string | undefined
  readonly remoteAddress?: unknown
}

export interface SmtpSessionTimer {
  /** Starts the first wait: for the greeting, or for the TLS handshake before it. */
  start(isSecure: boolean): void
  /**
   * Follows the protocol of a session, line by line (nodemailer: `logger`, `transactionLog`). Nothing of it is logged.
   */
  readonly onProtocolEvent: (event: ProtocolEvent, line: string) => void
  /** Notes that the server has taken some of the text. */
  block(): void
  /** STARTTLS was sent, and no reply has come over the encrypted connection yet. */
  readonly isStartingTls: boolean
  /** The server expects the text, or the rest of it: no command can be sent. */
  readonly isSendingData: boolean
  /** The extensions in the last reply to EHLO, in capitals. */
  readonly extensions: ReadonlySet<string>
  end(): void
}

/**
 * Creates a timer that gives each wait of a session its own limit. Several commands can be sent at once (RFC 2920);
 * then the limit of each starts when its reply is the next to come. Only a complete reply ends a wait, so a reply that
 * trickles in gets no extra time.
 */
export function createSmtpSessionTimer(limits: SmtpLimits, onTimeout: (phase: Phase) => void): SmtpSessionTimer {
  let awaited: { phase: Phase; verb: string }[] = []
  let isStartingTls = false
  let isSendingData = false
  let extensions: ReadonlySet<string> = new Set()
  let stop = (): void => undefined

  function watch(phase: Phase | undefined): void {
    stop()
    stop = phase === undefined ? () => undefined : startDeadline(limits[LIMIT_OF[phase]], () => onTimeout(phase))
  }

  function sent(line: string): void {
    const verb = line.split(' ', 1)[0]?.toUpperCase() ?? ''
    isSendingData = false
    awaited.push({ phase: PHASE_OF[verb] ?? 'command', verb })
    isStartingTls ||= verb === 'STARTTLS'
    if (awaited.length === 1) watch(awaited[0]?.phase)
  }

  function replied(line: string): void {
    const { verb } = awaited.shift() ?? {}
    if (verb === 'DATA') isSendingData = /^[23]/.test(line)
    if (verb === 'EHLO' || (verb === 'STARTTLS' && !line.startsWith('2') && !line.startsWith('421')))
      isStartingTls = false
    if (verb === 'EHLO') extensions = extensionsIn(line)
    if (verb === 'STARTTLS' && isStartingTls) watch('tls')
    else watch(isSendingData ? 'block' : awaited[0]?.phase)
  }

  return {
    start: (isSecure) => watch(isSecure ? 'tls' : 'greeting'),
    onProtocolEvent({ tnx, remoteAddress }, line) {
      if (tnx === 'client') sent(line)
      if (tnx === 'server') replied(line)
      if (tnx === 'network' && remoteAddress !== undefined) {
        awaited = [{ phase: 'greeting', verb: '' }]
        watch('greeting')
      }
      // The text was sent, with the final dot.
      if (tnx === 'message' && isSendingData) {
        isSendingData = false
        awaited = [{ phase: 'final', verb: '.' }]
        watch('final')
      }
    },
    block() {
      if (isSendingData) watch('block')
    },
    get isStartingTls() {
      return isStartingTls
    },
    get isSendingData() {
      return isSendingData
    },
    get extensions() {
      return extensions
    },
    end: () => watch(undefined),
  }
}

/** Returns the extensions in a reply to EHLO; its first line is a greeting (RFC 5321 4.1.1.1). */
const extensionsIn = (reply: string) =>
  new Set(
    reply
      .split(/\r?\n/)
      .slice(1)
      .map((line) => /^\d+[ -]([^ ]+)/.exec(line)?.[1]?.toUpperCase() ?? ''),
  )
