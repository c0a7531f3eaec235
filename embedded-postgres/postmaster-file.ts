import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from './system-error.ts'

/** The contents of postmaster.pid. The postmaster adds the port a moment after the pid; until then it is undefined. */
export interface PostmasterFile {
  readonly pid: number
  readonly port: number | undefined
}

/**
 * Reads `postmaster.pid`, which a killed postmaster leaves behind. Undefined when there is none, or when it does not
 * begin with the pid of a postmaster.
 */
export async function readPostmasterFile(cluster: string): Promise<PostmasterFile | undefined> {
  try {
    return parsePostmasterFile(await readFile(join(cluster, 'postmaster.pid'), 'utf8'))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/**
 * Line 1 is the pid (negative for a single-user server, which takes no connections), line 4 the port (PostgreSQL,
 * pidfile.h).
 */
function parsePostmasterFile(text: string): PostmasterFile | undefined {
  const lines = text.split('\n')
  const pid = toNumber(lines[0])
  return pid === undefined ? undefined : { pid, port: toNumber(lines[3]) }
}

const toNumber = (line: string | undefined) =>
  line !== undefined && /^[1-9]\d*$/.test(line) ? Number(line) : undefined
