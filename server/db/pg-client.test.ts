import { expect, test } from 'vitest'
import { connectionConfig, plainConnectionConfig } from './pg-client.ts'

const to = (url: string, settings = {}) => connectionConfig(url, { name: 'tidings test', settings })

test('parameters of an address say where the server is and change nothing else', () => {
  const { options, ...rest } = to(
    'postgres://u:p%25@h:5/d?application_name=x&statement_timeout=1&query_timeout=1&keepAlive=false' +
      '&replication=database&types=1&pipeline=0&client_encoding=latin1&uselibpqcompat=true',
  )
  expect(rest).toEqual({
    host: 'h',
    port: 5,
    user: 'u',
    password: 'p%',
    database: 'd',
    ssl: false,
    sslnegotiation: 'postgres',
    application_name: 'tidings test',
  })
  expect(options).not.toContain('latin1')
})

test('options of an address come before those that the service needs, which count', () => {
  const { options } = to('postgres://u@h/d?options=-c%20work_mem%3D8MB%20-c%20tcp_keepalives_idle%3D0', {
    statement_timeout: 7,
  })
  expect(options).toMatch(/^-c work_mem=8MB -c tcp_keepalives_idle=0 .*-c tcp_keepalives_idle=5 /)
  expect(options).toContain('-c default_transaction_isolation=read\\ committed')
  expect(options?.match(/statement_timeout=\d+/g)).toEqual(['statement_timeout=7'])
})

test.each([
  ['postgres:///d?host=/run/pg&user=u&sslmode=require', '/run/pg'],
  ['postgres://u@%2Frun%2Fpg/d?sslmode=verify-full', '/run/pg'],
])('%s: a socket of the machine has no TLS', (url, host) => {
  expect(to(url)).toMatchObject({ host, user: 'u', database: 'd', ssl: false })
})

test("another program's database gets none of our settings", () => {
  expect(plainConnectionConfig('postgres://u@h/d', 'tidings import')).not.toHaveProperty('options')
  expect(plainConnectionConfig('postgres://u@h/d?options=-c%20role%3Dx', 'tidings import')).toHaveProperty(
    'options',
    '-c role=x',
  )
})
