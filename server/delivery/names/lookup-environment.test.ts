import { expect, test } from 'vitest'
import { lookupEnvironment } from './lookup-environment.ts'

test('only variables that affect name resolution are passed on', () => {
  const resolving = {
    PATH: '/bin',
    LC_ALL: 'C',
    LD_LIBRARY_PATH: '/lib',
    RES_OPTIONS: 'timeout:1',
    LOCALDOMAIN: 'example.org',
    HOSTALIASES: '/etc/aliases',
  }
  const ours = {
    DATABASE_URL: 'postgres://u:secret@db/x',
    BROKER_URL: 'amqp://u:secret@mq',
    TAPIS_SERVICE_PASSWORD: 'secret',
    TAPIS_SMTP_PASSWORD: 'secret',
    TIDINGS_ROLE: 'api',
    PGPASSWORD: 'secret',
    NODE_OPTIONS: '--inspect',
    NODE_V8_COVERAGE: '/tmp',
  }
  expect(lookupEnvironment({ ...resolving, ...ours })).toEqual(resolving)
})
