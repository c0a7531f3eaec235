// Asks the process of this container whether it is healthy, and exits with 0 or 1; see tidings.js.
import '@tidings/server/runtime/preload.ts'
await import('@tidings/server/commands/healthcheck.ts')
