/**
 * What must be so before anything else is loaded, which takes seconds. The first import of every program; `npm start` and the
 * image load it before the program's other files are read at all (node --import).
 */
import { closeSync } from 'node:fs'
import inspector from 'node:inspector'
import { setTimeout } from 'node:timers'
import { isatty } from 'node:tty'
import { bePatientWithAddresses } from './address-patience.ts'
import { IGNORED_SIGNALS, isAskedFor } from './signals.ts'

const LOOK_AGAIN_MS = 500

// A listener takes the place of what Node.js does by itself: SIGUSR1 opens the debugger, SIGUSR2 ends the process.
for (const name of IGNORED_SIGNALS) process.on(name, () => undefined)

// A SIGUSR1 that was faster. Node.js may be about to open it only now, so once more a little later.
closeDebugger()
setTimeout(closeDebugger, LOOK_AGAIN_MS).unref()

// pg would look for a native library, which is not installed, and end the process.
delete process.env.NODE_PG_FORCE_NATIVE

bePatientWithAddresses()

// Node.js puts terminals back as they were when it ends, and crashes when one has been closed meanwhile.
const terminals = [0, 1, 2].filter(isatty)
process.once('exit', () => {
  for (const fd of terminals) if (!isatty(fd)) closeSync(fd)
})

function closeDebugger(): void {
  if (inspector.url() !== undefined && !isAskedFor(/--(inspect|debug)/)) inspector.close()
}
