import process from 'node:process'
import { parentPort, workerData } from 'node:worker_threads'

/**
 * A thread that sleeps until the next event is due and says so. Timers of Node.js are late by up to two milliseconds,
 * which would be most of what there is to measure. In JavaScript, because threads do not get the loader for TypeScript.
 */
const { startMicros, intervalMicros, stopFlag } = workerData

for (let index = 0; ; index += 1) {
  const waitMs = (startMicros + index * intervalMicros - Number(process.hrtime.bigint()) / 1000) / 1000
  if (waitMs > 0 && Atomics.wait(stopFlag, 0, 0, waitMs) !== 'timed-out') break
  if (Atomics.load(stopFlag, 0) !== 0) break
  parentPort.postMessage(null)
}
