import { randomBytes } from 'node:crypto'
import { chown, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunUser } from './run-program.ts'

export const SUPERUSER = 'tidings'

/** Kept inside the cluster, so that the two cannot be separated. */
const passwordFile = (cluster: string) => join(cluster, 'tidings.password')

export async function readPassword(cluster: string): Promise<string> {
  return (await readFile(passwordFile(cluster), 'utf8')).trim()
}

/** Writes a new password into a directory, readable for one account only, and returns the file's path. */
export async function writePassword(directory: string, user: RunUser | undefined): Promise<string> {
  const path = passwordFile(directory)
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(`${randomBytes(32).toString('hex')}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  if (user) await chown(path, user.uid, user.gid)
  return path
}
