import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readMeasureOptions } from '@tidings/harness/measure-options.ts'
import { startService } from '@tidings/harness/service-process.ts'
import { mintDevelopmentToken } from '@tidings/server/api/auth/development-token.ts'
import { fuzzCallers } from './support/fuzz/callers.ts'
import { playFuzz } from './support/fuzz/play.ts'

const HELP = `Requests made from the service's own OpenAPI document, right ones and ones with something wrong in them, to a service of its own.
Prints what was answered and how long healthcheck took meanwhile. Ends with 1 when an answer was not as documented, or a failure.

  node --import tsx test/fuzz-run.ts [--requests 30000] [--connections 8] [--seed N]
`

const values = readMeasureOptions(HELP, { requests: '30000', connections: '8', seed: '' })
const parent = await mkdtemp(join(tmpdir(), 'tidings-fuzz-run-'))
await chmod(parent, 0o755)
const dataDir = join(parent, 'data')
const service = await startService({ dataDir, env: { LOG_LEVEL: 'error' }, onLog: (line) => void process.stderr.write(`${line}\n`) })
try {
  const callers = await fuzzCallers((holder) => mintDevelopmentToken({ dataDir, siteId: 'dev', tenants: { kind: 'development' } }, holder))
  const report = await playFuzz({ base: service.url, callers, requests: Number(values.requests), connections: Number(values.connections), ...(values.seed === '' ? {} : { seed: Number(values.seed) }) })
  const { valid, all } = report.validSearches
  process.stdout.write([
    ...report.faults,
    `${report.requests} requests, seed ${report.seed}: ${JSON.stringify(report.statuses)}`,
    `searches ${all}, of them valid ${valid} (${Math.round((100 * valid) / Math.max(all, 1))} %)`,
    `healthcheck ms: ${JSON.stringify(report.probe)}`,
    '',
  ].join('\n'))
  if (report.faults.length > 0 || report.probe.failed > 0) process.exitCode = 1
} finally {
  await service.end('SIGTERM')
  await rm(parent, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
}
