import { createServer, type Socket } from 'node:net'
import { startDeadline } from '@tidings/server/runtime/deadline.ts'
import { monotonicMicros } from '../stats/monotonic-clock.ts'
import { createArrivals } from './arrivals.ts'
import { readDigits, readMark } from './event-mark.ts'
import { createLatencyWindow } from './latency-window.ts'
import { createMessageFramer } from './message-framer.ts'
import { answerQuestions } from './questions.ts'
import { isHealthy, type Endpoint, type ReceiverOptions, type ReceiverQuestions } from './receiver-questions.ts'

/** A program: takes notifications over raw sockets, counts them, measures their latency, and checks their order. */
const OK = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
const FAILED = Buffer.from('HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n')
const PATH_AT = 'POST /t/'.length
const NUMBER = Buffer.from('"seriesSeqCount": ') // protocol 5.3

const all = createArrivals()
const latencies = createLatencyWindow()
let endpoints: readonly Endpoint[] = []
let [series, isNumbered] = [1, false]
let uniqueAtHealthy = 0

answerQuestions<ReceiverQuestions>({
  start,
  counts: () => ({ unique: all.unique, uniqueAtHealthy, repeated: all.repeated, early: all.early }),
  begin: () => latencies.begin(monotonicMicros()),
  end: () => latencies.end(monotonicMicros()),
  latencies: () => latencies.summary(),
})

function start(options: ReceiverOptions): Promise<number> {
  ;({ endpoints, series, isNumbered } = options)
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined)
    socket.on(
      'data',
      createMessageFramer((buffer, headAt, bodyAt) => take(socket, buffer, { headAt, bodyAt })),
    )
  })
  return new Promise((resolve) => {
    server.listen(options.port ?? 0, '127.0.0.1', 1024, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

function take(socket: Socket, buffer: Buffer, { headAt, bodyAt }: { headAt: number; bodyAt: number }): void {
  const index = readDigits(buffer, headAt + PATH_AT)
  const { delayMs = 0, failShare = 0 } = endpoints[index] ?? {}
  const isFailing = failShare > 0 && Math.random() < failShare
  if (!isFailing) count(index, buffer, bodyAt)
  const answer = isFailing ? FAILED : OK
  if (delayMs === 0) socket.write(answer)
  else startDeadline(delayMs, () => socket.write(answer))
}

function count(index: number, buffer: Buffer, bodyAt: number): void {
  const arrivedMicros = monotonicMicros()
  const { series: ofSeries, number, intendedMicros } = readMark(buffer, bodyAt)
  const endpoint = endpoints[index]
  const counts = endpoint === undefined || isHealthy(endpoint)
  const before = all.unique
  all.add(index * series + ofSeries, isNumbered ? sequenceNumber(buffer, bodyAt) : number)
  if (counts) uniqueAtHealthy += all.unique - before
  latencies.record({ intendedMicros, arrivedMicros }, counts)
}

function sequenceNumber(buffer: Buffer, bodyAt: number): number {
  const at = buffer.indexOf(NUMBER, bodyAt)
  if (at < 0) throw new Error('a notification without a number')
  return readDigits(buffer, at + NUMBER.length)
}
