import { expect, test } from 'vitest'
import { readTlsSettings, tlsOptions, InvalidDatabaseUrl } from './tls-settings.ts'

const read = (query: string, env: Readonly<Record<string, string>> = {}) =>
  readTlsSettings(new URLSearchParams(query), (name) => env[name])

test.each([
  ['', {}, 'disable'],
  ['sslmode=prefer', {}, 'prefer'],
  ['', { sslmode: 'require' }, 'require'],
  ['sslmode=disable', { sslmode: 'require' }, 'disable'],
  ['ssl=true', { sslmode: 'disable' }, 'verify-full'],
  ['ssl=0', { sslmode: 'require' }, 'disable'],
  ['ssl=no-verify', {}, 'no-verify'],
  ['sslrootcert=system', {}, 'verify-full'],
])('%s with %j means %s', (query, env, mode) => {
  expect(read(query, env).mode).toBe(mode)
})

test.each([
  ['sslmode=on', 'sslmode=on is unknown'],
  ['sslmode=REQUIRE', 'sslmode=REQUIRE is unknown'],
  ['sslmode=require&sslrootcert=system', 'too weak for sslrootcert=system'],
  ['sslmode=prefer&sslnegotiation=direct', 'too weak for sslnegotiation=direct'],
  ['sslmode=verify-ca', 'needs sslrootcert'],
  ['sslmode=require&sslcert=/etc/hostname', 'sslcert needs sslkey'],
  ['sslmode=require&sslrootcert=/not/there', 'sslrootcert: ENOENT'],
])('%s is rejected with an explanation', (query, words) => {
  const make = () => tlsOptions(read(query))
  expect(make).toThrow(InvalidDatabaseUrl)
  expect(make).toThrow(words)
})

test.each([
  ['prefer', false, false],
  ['require', false, false],
  ['require&sslrootcert=/etc/hostname', true, false],
  ['verify-ca&sslrootcert=/etc/hostname', true, false],
  ['verify-full', true, true],
  ['verify-full&sslrootcert=/etc/hostname', true, true],
  ['no-verify', false, true],
])('%s verifies the certificate: %s, and the name in it: %s', (mode, isVerified, hasName) => {
  const options = tlsOptions(read(`sslmode=${mode}`))
  expect(options.rejectUnauthorized).toBe(isVerified)
  if (isVerified) expect(options.checkServerIdentity === undefined).toBe(hasName)
})
