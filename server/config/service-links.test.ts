import { expect, test } from 'vitest'
import { withoutServiceLinks } from './service-links.ts'

const OURS = new Set(['TAPIS_SERVICE_PORT', 'TAPIS_SMTP_PORT', 'TAPIS_QUEUE_PORT', 'DATABASE_URL', 'HOST'])

/** What Kubernetes sets for a service. */
const linksOf = (name: string, port: string) => ({
  [`${name}_SERVICE_HOST`]: '10.0.0.11',
  [`${name}_SERVICE_PORT`]: port,
  [`${name}_SERVICE_PORT_HTTP`]: port,
  [`${name}_PORT`]: `tcp://10.0.0.11:${port}`,
  [`${name}_PORT_${port}_TCP`]: `tcp://10.0.0.11:${port}`,
  [`${name}_PORT_${port}_TCP_PROTO`]: 'tcp',
  [`${name}_PORT_${port}_TCP_PORT`]: port,
  [`${name}_PORT_${port}_TCP_ADDR`]: '10.0.0.11',
})

test.each([
  'DATABASE',
  'TIDINGS_API',
  'TAPIS_NOTIFICATIONS',
  'TIDINGS',
  'KUBERNETES',
  'BROKER',
  'HOST',
  'TAPIS_DB',
  'TIDINGS_ROLE',
])('the links of a service %s are removed', (name) => {
  expect(withoutServiceLinks({ HOST: '0.0.0.0', ...linksOf(name, '8080') }, OURS)).toEqual({
    env: { HOST: '0.0.0.0' },
    hidden: [],
  })
})

test.each([
  ['TAPIS_SMTP', 'TAPIS_SMTP_PORT'],
  ['TAPIS_QUEUE', 'TAPIS_QUEUE_PORT'],
  ['TAPIS', 'TAPIS_SERVICE_PORT'],
  ['TAPIS_SERVICE', 'TAPIS_SERVICE_PORT'],
])('a service %s, whose link has one of our names, is ignored and reported', (name, hidden) => {
  expect(withoutServiceLinks(linksOf(name, '80'), OURS)).toEqual({ env: {}, hidden: [hidden] })
})

test('the port that was set beside the links of a service `tapis` is used', () => {
  expect(withoutServiceLinks({ ...linksOf('TAPIS', '80'), TAPIS_SERVICE_PORT: '9000' }, OURS)).toEqual({
    env: { TAPIS_SERVICE_PORT: '9000' },
    hidden: [],
  })
})

test.each<Readonly<Record<string, string>>>([
  { TAPIS_SERVICE_PORT: '80' },
  { TAPI_SERVICE_PORT: '80' },
  { TAPIS_SMTP_PORT: '25' },
  { TIDINGS_PORT: '8080' },
  { DATABASE_PORT: '5432' },
  { TIDINGS_PORT_8080_TCP: 'x' },
])('what only looks like a link stays: %j', (env) => {
  expect(withoutServiceLinks(env, OURS)).toEqual({ env, hidden: [] })
})
