import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readMeasureOptions } from '@tidings/harness/measure-options.ts'
import { startService } from '@tidings/harness/service-process.ts'
import { mintDevelopmentToken } from '@tidings/server/api/auth/development-token.ts'
import { fuzzCallers } from './support/fuzz/callers.ts'
import { runFuzz } from './support/fuzz/run-fuzz.ts'

const HELP = `Makes requests from the service's own OpenAPI document, valid and invalid ones, and sends them to a
service of its own. Prints the responses and how long healthcheck took meanwhile. Exits with 1 when a response was not
as documented, or a failure.

  node --import tsx test/fuzz-run.ts [--requests 30000] [--connections 8] [--seed N]
`

const values = readMeasureOptions(HELP, { requests: '30000', connections: '8', seed: '' })
const parent = await mkdtemp(join(tmpdir(), 'tidings-fuzz-run-'))
await chmod(parent, 0o755)
const dataDir = join(parent, 'data')
const service = await startService({
  dataDir,
  env: { LOG_LEVEL: 'error' },
  onLog: (line) => void process.stderr.write(`${line}\n`),
})
try {
  const callers = await fuzzCallers((holder) =>
    mintDevelopmentToken({ dataDir, siteId: 'dev', tenants: { kind: 'development' } }, holder),
  )
  const report = await runFuzz({
    base: service.url,
    callers,
    requests: Number(values.requests),
    connections: Number(values.connections),
    ...(values.seed === '' ? {} : { seed: Number(values.seed) }),
  })
  const { valid, all } = report.validSearches
  process.stdout.write(
    [
      ...report.violations,
      `${report.requests} requests, seed ${report.seed}: ${JSON.stringify(report.statuses)}`,
      `searches ${all}, of them valid ${valid} (${Math.round((100 * valid) / Math.max(all, 1))} %)`,
      `healthcheck ms: ${JSON.stringify(report.probe)}`,
      '',
    ].join('\n'),
  )
  if (report.violations.length > 0 || report.probe.failed > 0) process.exitCode = 1
} finally {
  await service.end('SIGTERM')
  await rm(parent, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
}
