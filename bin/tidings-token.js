// Mints a development token; see tidings.js.
import '@tidings/server/runtime/preload.ts'
await import('@tidings/server/commands/token.ts')
