import { open } from 'node:fs/promises'

/** Makes a rename or a new symlink in this directory survive a power failure, before anything is committed below it. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
