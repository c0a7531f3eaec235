import { setTimeout as delay } from 'node:timers/promises'
import type { EmbeddedServer } from '@tidings/embedded-postgres/embedded-server.ts'
import { readPostmasterFile } from '@tidings/embedded-postgres/postmaster-file.ts'
import type { RabbitMqNode } from '../rabbitmq-node.ts'
import { killAll, postgresTree } from './postgres-tree.ts'

/** A server that several processes share. */
export interface SharedServer {
  /**
   * Kills it with SIGKILL, and starts it again after the pause. Returns when it was killed and when it responded again,
   * in monotonic ms. Rejects if the signal is aborted in the pause.
   */
  restart(pauseMs: number, signal: AbortSignal): Promise<{ atMs: number; overAtMs: number }>
}

/** `cluster`: the directory of its files. */
export const sharedPostgres = (server: EmbeddedServer, cluster: string): SharedServer => ({
  async restart(pauseMs, signal) {
    await server.detach()
    const pid = (await readPostmasterFile(cluster))?.pid
    const tree = pid === undefined ? [] : await postgresTree(pid)
    const atMs = performance.now()
    killAll(tree)
    await delay(pauseMs, undefined, { signal })
    await server.start()
    return { atMs, overAtMs: performance.now() }
  },
})

/** `running`: undefined before the first start. */
export const sharedRabbitMq = (running: () => RabbitMqNode | undefined): SharedServer => ({
  async restart(pauseMs, signal) {
    const node = running()
    const atMs = performance.now()
    await node?.kill()
    await delay(pauseMs, undefined, { signal })
    await node?.start()
    return { atMs, overAtMs: performance.now() }
  },
})
