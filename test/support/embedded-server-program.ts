import { createInterface } from 'node:readline'
import { createEmbeddedServer } from '@tidings/embedded-postgres/embedded-server.ts'
import { createLog } from '@tidings/server/log.ts'

/**
 * A process that runs the embedded server on the data directory it is given and tells its parent, in JSON lines, what
 * happens. It stays when it is interrupted, as the service does while it drains; the line `stop` ends it.
 */
const [, , dataDir = ''] = process.argv
const server = createEmbeddedServer({ dataDir, log: createLog({ level: 'warn' }) })
const tell = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`)

process.on('SIGINT', () => tell({ kind: 'interrupted' }))
const lines = createInterface({ input: process.stdin })
lines.on('line', () => {
  void server.stop().then(() => process.exit(0))
})

try {
  await server.start()
  tell({ kind: 'ready', url: server.url(), isFirstUse: server.isFirstUse })
} catch (error) {
  tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
  process.exit(1)
}
