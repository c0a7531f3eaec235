// A process that looks names up as the operating system does (getaddrinfo), many at once. Started and fed by helper.ts; plain
// JavaScript, so that it starts without a loader. It lives no longer than the process that started it, however that one ends.
import dns from 'node:dns'
import { readFileSync, stat } from 'node:fs'
import process from 'node:process'

// Whoever started it needs names until its last webhook is sent. USR1 would open an inspector.
if (process.platform !== 'win32') {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGPIPE']) process.on(signal, () => undefined)
}

// Not process.exit: that waits for every thread, and some hang.
const end = () => process.kill(process.pid, 'SIGKILL')
process.on('disconnect', end)
if (!process.connected) end()

// A server that says nothing costs 3 s in place of the C library's 5, so that what comes after it still fits into an attempt to
// connect; unless somebody has said how long. An answer that comes while the question is repeated counts.
function saysHowLong() {
  try {
    return process.env.RES_OPTIONS !== undefined || /^\s*options\b.*\btimeout:/m.test(readFileSync('/etc/resolv.conf', 'utf8'))
  } catch {
    return false
  }
}
if (!saysHowLong()) process.env.RES_OPTIONS = 'timeout:3'

const tell = (message) => process.connected && process.send(message, () => undefined)

process.on('message', (message) => {
  if (message.kind === 'ping') {
    tell({ kind: 'pong' })
    return
  }
  const { id, name } = message
  const answer = (error, addresses) => tell({ kind: 'answer', id, ...(error ? { code: error.code } : { addresses }) })
  try {
    // No hints and the order as it comes: what curl and every other program gets.
    dns.lookup(name, { all: true, verbatim: true }, answer)
  } catch (error) {
    answer(error)
  }
})

// The first work of a pool makes its threads. A system that refuses them ends the process here.
stat('/', () => tell({ kind: 'ready' }))
