import { createServer } from 'node:http'

/** A receiver in a process of its own: counts what comes, tells its parent when asked. */
let count = 0
const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    count += 1
    response.end()
  })
})
server.listen(0, '127.0.0.1', () => process.send?.({ kind: 'listening', address: server.address() }))
process.on('message', () => process.send?.({ kind: 'count', count, cpuMicros: process.cpuUsage().user + process.cpuUsage().system }))
process.on('disconnect', () => process.exit(0))
