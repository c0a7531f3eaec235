// Imports from Tapis Notifications; see tidings.js.
import '@tidings/server/runtime/preload.ts'
await import('@tidings/server/commands/import.ts')
