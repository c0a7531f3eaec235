import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from '../../runtime/error-code.ts'

/** What a postmaster says of itself. `port` comes a moment after `pid`. */
export interface PostmasterFile {
  readonly pid: number
  readonly port: number | undefined
}

/** Reads `postmaster.pid`, which may be left over from a postmaster that was killed. Undefined when there is none. */
export async function readPostmasterFile(cluster: string): Promise<PostmasterFile | undefined> {
  try {
    return parsePostmasterFile(await readFile(join(cluster, 'postmaster.pid'), 'utf8'))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Line 1 is the pid (negative for a single-user server, which takes no connections), line 4 the port (PostgreSQL, pidfile.h). */
function parsePostmasterFile(text: string): PostmasterFile | undefined {
  const lines = text.split('\n')
  const pid = toNumber(lines[0])
  return pid === undefined ? undefined : { pid, port: toNumber(lines[3]) }
}

const toNumber = (line: string | undefined) => (line !== undefined && /^[1-9]\d*$/.test(line) ? Number(line) : undefined)
