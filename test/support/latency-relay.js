// The far end of a slow cable: what comes to 10.9.0.2 at one of the ports given goes on to the socket file of that
// name, which leads out of the network namespace (distant-network.ts).
import { connect, createServer } from 'node:net'
import process from 'node:process'

for (const port of process.argv.slice(2)) {
  createServer((socket) => {
    const onward = connect(`${process.env.DIR}/${port}`)
    socket.on('error', () => onward.destroy()).pipe(onward)
    onward.on('error', () => socket.destroy()).pipe(socket)
  }).listen(Number(port), '10.9.0.2')
}
