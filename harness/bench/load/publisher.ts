import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { createHistogram } from '../stats/histogram.ts'
import { monotonicMicros } from '../stats/monotonic-clock.ts'
import { createEventTemplate } from './event-template.ts'
import { latencySummaryOf } from './latency-summary.ts'
import { openConnection, type PublishConnection } from './publish-connection.ts'
import type { PublisherCounts, PublisherOptions, PublisherQuestions } from './publisher-questions.ts'
import { answerQuestions } from './questions.ts'
import { createSeriesShare } from './series-share.ts'

/**
 * In a closed loop the connections begin one after the other. All at once they could keep a service that takes events
 * and delivers them in one process from beginning to deliver.
 */
const RAMP_MS = 10

/** A program: publishes over raw sockets, from bytes that were made before, so that it is not what limits a service. */
const idle: PublishConnection[] = []
/** Times of events that no connection was free for. */
const due: number[] = []
let [accepted, rejected, inFlight] = [0, 0, 0]
let firstRejection: string | undefined
let isHeld = false
let isStopped = false
let isOpenLoop = false
let lag = createHistogram()
let endPacer = () => {}
let onQuiet = () => {}

answerQuestions<PublisherQuestions>({
  start,
  counts,
  mark: () => void (lag = createHistogram()),
  hold(held) {
    isHeld = held
    sendWhatIsDue()
  },
  async stop() {
    isStopped = true
    endPacer()
    due.length = 0
    if (inFlight > 0) await new Promise<void>((resolve) => void (onQuiet = resolve))
    return counts()
  },
})

function counts(): PublisherCounts {
  return { accepted, rejected, firstRejection, lag: latencySummaryOf(lag) }
}

async function start({ connections, series, ratePerS, ...options }: PublisherOptions): Promise<void> {
  const template = createEventTemplate(options)
  const shares = createSeriesShare(series, connections)
  isOpenLoop = ratePerS !== undefined
  for (const nextEvent of shares) {
    idle.push(await openConnection({ ...options, template, nextEvent, onResponse }))
    if (isOpenLoop) continue
    sendWhatIsDue()
    await delay(RAMP_MS)
  }
  if (ratePerS !== undefined) startPacer(1_000_000 / ratePerS)
}

function startPacer(intervalMicros: number): void {
  const startMicros = monotonicMicros() + 100_000
  const stopFlag = new Int32Array(new SharedArrayBuffer(4))
  const pacer = new Worker(new URL('pacer.js', import.meta.url), {
    execArgv: [],
    workerData: { startMicros, intervalMicros, stopFlag },
  })
  let index = 0
  pacer.on('message', () => {
    if (isStopped) return
    due.push(startMicros + index * intervalMicros)
    index += 1
    sendWhatIsDue()
  })
  endPacer = () => {
    Atomics.store(stopFlag, 0, 1)
    Atomics.notify(stopFlag, 0)
  }
}

/** In a closed loop something is due whenever a connection is free. */
function sendWhatIsDue(): void {
  while (!isStopped && !isHeld && idle.length > 0 && (!isOpenLoop || due.length > 0)) {
    const connection = idle.shift()
    const nowMicros = monotonicMicros()
    const intendedMicros = due.shift() ?? nowMicros
    if (isOpenLoop) lag.record(nowMicros - intendedMicros)
    inFlight += 1
    connection?.send(intendedMicros)
  }
}

function onResponse(connection: PublishConnection, rejection: string | undefined): void {
  inFlight -= 1
  if (rejection === undefined) accepted += 1
  else {
    rejected += 1
    firstRejection ??= rejection
  }
  idle.push(connection)
  if (isStopped && inFlight === 0) onQuiet()
  else sendWhatIsDue()
}
