// Lists, redrives and discards dead letters; see tidings.js.
import '@tidings/server/runtime/preload.ts'
await import('@tidings/server/commands/dead-letters.ts')
