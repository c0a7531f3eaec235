// In the place of server/delivery/names/lookup-program.js: what the operating system says of a name stands in the name.
//   hang-*         never an answer        later-MS-*     answered after so many ms
//   dies-*         ends the process       threads        an address that ends in the number of threads
//   count          an address that ends in how often it was looked up in this process
//   others         10.0.0.1
// More than RESOLV_MOST_THREADS (environment) are refused, as libuv does when the system has none.
import process from 'node:process'
import { setTimeout } from 'node:timers'

const threads = Number(process.env.UV_THREADPOOL_SIZE)
if (threads > Number(process.env.RESOLV_MOST_THREADS ?? Infinity)) process.kill(process.pid, 'SIGABRT')

let count = 0
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.on('message', ({ kind, id, name }) => {
  if (kind === 'ping') {
    process.send({ kind: 'pong' })
    return
  }
  const answer = (last) => process.send({ kind: 'answer', id, addresses: [{ address: `10.0.0.${last}`, family: 4 }] })
  const [, ms] = /^later-(\d+)-/.exec(name) ?? []
  if (name.startsWith('hang-')) return
  if (name.startsWith('dies-')) process.kill(process.pid, 'SIGKILL')
  else if (ms !== undefined) setTimeout(answer, Number(ms), 1)
  else if (name === 'threads') answer(threads)
  else if (name === 'count') answer((count += 1))
  else answer(1)
})
process.send({ kind: 'ready' })
