import { createLog } from '@tidings/server/log.ts'
import { createLookupPool } from '@tidings/server/delivery/names/lookup-pool.ts'

// A process with helpers that hang, to be killed. Its first line says who they are.
setInterval(() => undefined, 60_000) // helpers keep no process from ending
const pool = createLookupPool({
  maxNames: 100,
  timeoutMs: 10_000,
  threads: 16,
  log: createLog({ level: 'silent', isTerminal: false }),
  program: process.argv[2],
})
for (let index = 0; index < 20; index += 1) pool.lookUp(`hang-${index}`).catch(() => undefined)
await pool.lookUp('portal')
process.stdout.write(`${pool.pids().join(' ')}\n`)
