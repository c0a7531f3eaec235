/**
 * What must hold before anything else is loaded, which takes a moment. The first import of every program; `npm start`
 * and the image load it before the program's other files are read at all.
 */
import { extendAddressTimeout } from './address-timeout.ts'
import { closeUnwantedDebugger } from './close-debugger.ts'
import { closeLostTerminalsOnExit } from './closed-terminals.ts'
import { ignoreUserSignals } from './signals.ts'

ignoreUserSignals()
closeUnwantedDebugger()
extendAddressTimeout()
closeLostTerminalsOnExit()

// pg would look for a native library, which is not installed, and end the process.
delete process.env.NODE_PG_FORCE_NATIVE
