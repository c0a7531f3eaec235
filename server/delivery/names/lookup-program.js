// A process that looks names up as the operating system does (getaddrinfo), many at once. lookup-process.ts starts it
// and sends it names. Plain JavaScript, so that it starts without a loader. It ends with its parent, however that ends.
import dns from 'node:dns'
import { readFileSync, stat } from 'node:fs'
import process from 'node:process'

// Signals are ignored: the parent needs names until its last webhook is sent. USR1 would open an inspector.
if (process.platform !== 'win32') {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGPIPE'])
    process.on(signal, () => undefined)
}

// Not process.exit, which waits for every thread: some hang.
const end = () => process.kill(process.pid, 'SIGKILL')
process.on('disconnect', end)
if (!process.connected) end()

// A name server that does not respond costs 3 s instead of the C library's 5, so that the next one still fits into the
// time limit of a connection, unless the operator has configured a timeout.
function hasConfiguredTimeout() {
  try {
    return (
      process.env.RES_OPTIONS !== undefined ||
      /^\s*options\b.*\btimeout:/m.test(readFileSync('/etc/resolv.conf', 'utf8'))
    )
  } catch {
    return false
  }
}
if (!hasConfiguredTimeout()) process.env.RES_OPTIONS = 'timeout:3'

const send = (message) => process.connected && process.send(message, () => undefined)

process.on('message', (message) => {
  if (message.kind === 'ping') {
    send({ kind: 'pong' })
    return
  }
  const { id, name } = message
  const answer = (error, addresses) => send({ kind: 'answer', id, ...(error ? { code: error.code } : { addresses }) })
  try {
    // No hints, and the order of the system: what curl and every other program gets.
    dns.lookup(name, { all: true, verbatim: true }, answer)
  } catch (error) {
    answer(error)
  }
})

// The first work of the thread pool creates its threads. If the system refuses them, the process ends here.
stat('/', () => send({ kind: 'ready' }))
