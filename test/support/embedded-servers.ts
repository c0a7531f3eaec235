import {
  createEmbeddedServer,
  type EmbeddedServer,
  type EmbeddedServerOptions,
} from '@tidings/embedded-postgres/embedded-server.ts'
import { createLog } from '@tidings/server/log.ts'

/** Settings of the server, see `EmbeddedServerOptions`. */
type EmbeddedOptions = Pick<EmbeddedServerOptions, 'settings'>

/** The embedded servers that a test starts, so that they can be stopped behind it. */
export interface EmbeddedServers {
  /** Not started yet. */
  make(dataDir: string): EmbeddedServer
  start(dataDir: string, options?: EmbeddedOptions): Promise<EmbeddedServer>
  stopAll(): Promise<void>
}

export function createEmbeddedServers(): EmbeddedServers {
  const log = createLog({ level: 'silent' })
  const made: EmbeddedServer[] = []

  function make(dataDir: string, options: EmbeddedOptions = {}): EmbeddedServer {
    const server = createEmbeddedServer({ dataDir, log, ...options })
    made.push(server)
    return server
  }

  return {
    make,
    async start(dataDir, options) {
      const server = make(dataDir, options)
      await server.start()
      return server
    },
    async stopAll() {
      await Promise.all(made.splice(0).map((server) => server.stop()))
    },
  }
}
