import { readdir, readFile, readlink } from 'node:fs/promises'

/** Of a socket that listens (Linux, include/net/tcp_states.h). */
const LISTENING = '0A'

/**
 * Returns the id of the process that listens on a TCP port of this machine; undefined if there is none, or if its open
 * files may not be read. Linux only.
 */
export async function processListeningOn(port: number): Promise<number | undefined> {
  const sockets = new Set((await Promise.all(['tcp', 'tcp6'].map((table) => socketsIn(table, port)))).flat())
  if (sockets.size === 0) return undefined
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    const files = await readdir(`/proc/${pid}/fd`).catch(() => [])
    const links = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')))
    if (links.some((link) => sockets.has(link))) return Number(pid)
  }
  return undefined
}

/** Returns whether a host name of an address is this machine's. */
export const isThisMachine = (hostname: string) => ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)

/** Returns the listening sockets of a port as /proc/<pid>/fd names them: `socket:[<inode>]`. */
async function socketsIn(table: string, port: number): Promise<string[]> {
  const lines = (await readFile(`/proc/net/${table}`, 'utf8').catch(() => '')).split('\n')
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(suffix) === true && state === LISTENING)
    .map((fields) => `socket:[${fields[9] ?? ''}]`)
}
