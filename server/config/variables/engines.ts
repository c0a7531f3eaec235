import { str } from 'envalid'
import { brokerUrl } from '../broker-url.ts'
import { between, postgresUrl } from '../validators.ts'

export const ENGINE_VARIABLES = {
  DATABASE_URL: postgresUrl({
    default: undefined,
    desc:
      'A PostgreSQL >= 15, `postgres://user:password@host:5432/database`, by a direct connection (no transaction ' +
      'pooler). Unset: the embedded one.',
  }),
  BROKER_URL: brokerUrl({
    default: undefined,
    desc:
      'A RabbitMQ >= 3.10, `amqp://user:password@host:5672/vhost`, or `amqps://...` for TLS; `?heartbeat=` seconds ' +
      '(5). Unset: the database is the broker. Fixed when the database is first created; later the only possible ' +
      'change is from the database to RabbitMQ, once every event is dispatched.',
  }),
  BROKER_CA_FILE: str({
    default: undefined,
    desc:
      'PEM file of the authorities to trust for the certificate of an `amqps` broker, instead of the usual ones. ' +
      'Needs an `amqps` BROKER_URL.',
  }),
  TIDINGS_PARTITIONS: between(
    1,
    1024,
  )({
    default: undefined,
    desc: 'Number of partitions, fixed when the database is first created (default 32, or 8 with RabbitMQ).',
  }),
}
