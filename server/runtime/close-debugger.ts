import inspector from 'node:inspector'
import { setTimeout } from 'node:timers'
import { hasNodeOption } from './signals.ts'

const RECHECK_MS = 500

/**
 * Closes the debugger that a SIGUSR1 has opened before a listener took its place. Node.js may be about to open it only
 * now, so it is closed once more a little later. One that an option asked for stays.
 */
export function closeUnwantedDebugger(): void {
  closeDebugger()
  setTimeout(closeDebugger, RECHECK_MS).unref()
}

function closeDebugger(): void {
  if (inspector.url() !== undefined && !hasNodeOption(/--(inspect|debug)/)) inspector.close()
}
