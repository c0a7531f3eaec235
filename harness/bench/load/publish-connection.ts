import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { writeMark } from './event-mark.ts'
import { writeSeries, type EventTemplate } from './event-template.ts'
import { createMessageFramer } from './message-framer.ts'
import type { NextEvent } from './series-share.ts'

/** After a rejection a publisher waits as a careful client does, rather than to flood the service. */
const REJECTED_PAUSE_MS = 10
/** Of `HTTP/1.1 200`. */
const STATUS_AT = 'HTTP/1.1 '.length
const DIGIT_2 = 0x32

export interface PublishConnectionOptions {
  readonly host: string
  readonly port: number
  readonly template: EventTemplate
  readonly nextEvent: NextEvent
  /** `rejection`: the response, if it is not a 2xx. Called when the connection can send again. */
  readonly onResponse: (connection: PublishConnection, rejection: string | undefined) => void
}

/** One request at a time over one socket. */
export interface PublishConnection {
  send(intendedMicros: number): void
}

/** Opens a connection; one that is cut is opened again. Its request then counts as rejected. */
export async function openConnection(options: PublishConnectionOptions): Promise<PublishConnection> {
  const { template, nextEvent, onResponse } = options
  const bytes = Buffer.from(template.bytes)
  let isWaiting = false

  const settle = (rejection: string | undefined) => {
    isWaiting = false
    if (rejection === undefined) onResponse(connection, undefined)
    else void delay(REJECTED_PAUSE_MS).then(() => onResponse(connection, rejection))
  }
  const read = () =>
    createMessageFramer((buffer, headAt) => {
      if (!isWaiting) return
      const isAccepted = buffer[headAt + STATUS_AT] === DIGIT_2
      settle(isAccepted ? undefined : buffer.toString('latin1', headAt, headAt + 1000))
    })

  async function open(): Promise<Socket> {
    const opened = connect({ host: options.host, port: options.port, noDelay: true })
    opened.on('data', read())
    await new Promise<void>((resolve, reject) => void opened.once('connect', resolve).once('error', reject))
    opened.on('error', () => undefined)
    opened.on('close', () => {
      void open().then(
        (again) => {
          socket = again
          if (isWaiting) settle('the connection was cut')
        },
        () => {
          if (isWaiting) settle('the connection was cut, and no other one was accepted')
        },
      )
    })
    return opened
  }

  const connection: PublishConnection = {
    send(intendedMicros) {
      const { series, number } = nextEvent()
      writeSeries(bytes, template, series)
      writeMark(bytes, template.markAt, { series, number, intendedMicros })
      isWaiting = true
      // The bytes are not overwritten before the response is here, so they are sent by then.
      socket.write(bytes)
    },
  }
  let socket = await open()
  return connection
}
