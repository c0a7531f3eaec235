import { closeSync } from 'node:fs'
import { isatty } from 'node:tty'

/**
 * Node.js restores terminals when it exits, and crashes on one that was closed meanwhile. Closes those before that.
 */
export function closeLostTerminalsOnExit(): void {
  const terminals = [0, 1, 2].filter(isatty)
  process.once('exit', () => {
    for (const fd of terminals) if (!isatty(fd)) closeSync(fd)
  })
}
