import '@tidings/server/runtime/preload.ts'
import { once } from 'node:events'
import { HELP, readArguments } from './arguments.ts'
import { nextSteps } from './next-steps.ts'
import { onTerminationSignal } from '@tidings/server/runtime/signals.ts'
import { createPaint } from './paint.ts'
import { runDemo } from './run-demo.ts'
import { openDemoEnvironment, RECEIVERS, type DemoEnvironment } from './demo-environment.ts'
import { summarise } from './summary.ts'
import { timelineOf } from './timeline.ts'

const INTRODUCTION = `Tidings takes events over HTTP and delivers them by webhook: in order within a series, never lost.

This demo starts the service, with a PostgreSQL of its own, in a temporary directory. It plays Jobs,
which publishes the life of three jobs, and two receivers, a portal and a gateway. Meanwhile the
gateway goes down, the service is killed (kill -9), and later the service with its PostgreSQL.
`

const paint = createPaint({ isTerminal: process.stdout.isTTY, noColor: process.env.NO_COLOR })
const write = (line: string) => void process.stdout.write(`${line}\n`)
const stopping = new AbortController()

// exit at once, and report an error in one sentence
process.exit(
  await main(process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }),
)

/** Returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const asked = readArguments(args)
  if (asked.kind === 'run') return demo(asked.isKept)
  if (asked.kind === 'help') process.stdout.write(HELP)
  else process.stderr.write(`demo: ${asked.violation}\n\n${HELP}`)
  return asked.kind === 'help' ? 0 : 2
}

async function demo(isKept: boolean): Promise<number> {
  let codeOfSignal: number | undefined
  onTerminationSignal((_name, number) => {
    codeOfSignal ??= 128 + number
    stopping.abort()
  })
  process.stdout.on('error', () => stopping.abort()) // the reader has gone: `npm run demo | head`
  write(INTRODUCTION)
  const environment = await openDemoEnvironment({ paint, write, signal: stopping.signal })
  const outcome = await runAndReport(environment, isKept).catch((error: unknown) => {
    if (!stopping.signal.aborted) process.stderr.write(`\n${failureText(error, environment)}\n`)
    return undefined
  })
  if (!outcome) write('\nstopping ...')
  await environment.close()
  write(`The service and its PostgreSQL are stopped, ${environment.service.dataDir} is removed.`)
  if (outcome && !isKept) write(paint(outcome.isFine ? 'green' : 'red', outcome.counts))
  if (outcome) return outcome.isFine ? 0 : 1
  return codeOfSignal ?? 1
}

/** Runs the demo and prints its tables; with --keep, waits until it is interrupted. */
async function runAndReport(
  environment: DemoEnvironment,
  isKept: boolean,
): Promise<{ isFine: boolean; counts: string }> {
  const { service, ledger } = environment
  write(`starting the service in ${service.dataDir}`)
  await service.start()
  write(`ready ${service.url()}\n`)
  const jobs = await runDemo({ ...environment, signal: stopping.signal })
  ledger.close()
  write('\nWhat happened, in ms since the start: when each event was published, when each receiver took it.')
  for (const job of jobs) write(`\n${timelineOf(job, { ledger, receivers: RECEIVERS, paint }).join('\n')}`)
  const summary = summarise(ledger, RECEIVERS)
  write(`\n${summary.perReceiver.join('\n')}\n`)
  if (isKept) {
    write(`${paint(summary.isFine ? 'green' : 'red', summary.counts)}\n`)
    await keepRunning(environment)
  }
  return summary
}

async function keepRunning({ service, portal }: DemoEnvironment): Promise<void> {
  write(nextSteps({ url: service.url(), dataDir: service.dataDir, receiverUrl: portal.url }))
  const { signal } = stopping
  if (!signal.aborted) await Promise.race([once(signal, 'abort'), service.ended()])
  write(signal.aborted ? '' : '\nThe service has exited.')
}

/** Returns the reason, with the last lines of the service's log unless the reason contains them. */
function failureText(error: unknown, { service }: DemoEnvironment): string {
  const reason = `demo: ${error instanceof Error ? error.message : String(error)}`
  const said = service.log().join('\n')
  return reason.includes(said) ? reason : `The last lines of the service:\n${said}\n\n${reason}`
}
