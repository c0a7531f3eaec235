import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { runProgram } from './support/program-runner.ts'

/** AuthenticationOk and ReadyForQuery (PostgreSQL, "Message Formats"). */
const WELCOME = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49])

test('the probe of a dispatcher gives up after 7 s when the database accepts it and then says nothing', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.write(WELCOME))
  })
  onTestFinished(() => void server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const env = {
    DATABASE_URL: `postgres://u@127.0.0.1:${port}/d`,
    TIDINGS_ROLE: 'dispatcher',
    TAPIS_TENANT_SVC_BASEURL: 'http://127.0.0.1:1',
  }
  expect(await runProgram('server/commands/healthcheck.ts', ['--strict'], env)).toEqual({
    code: 1,
    stdout: 'the database cannot be queried: no response within 7 s\n',
    stderr: '',
  })
  expect(await runProgram('server/commands/healthcheck.ts', [], env)).toMatchObject({ code: 0 })
})
