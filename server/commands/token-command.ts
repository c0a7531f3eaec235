import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Returns the command that mints a development token: in a checkout the npm script, which runs TypeScript, and
 * elsewhere the built program, because an installation may lack what the script needs.
 */
export function tokenCommand(options: string): string {
  if (import.meta.url.endsWith('.ts')) return `npm run --silent token -- ${options}`
  const program = fileURLToPath(new URL('../../bin/tidings-token.js', import.meta.url))
  return `node ${relative(process.cwd(), program)} ${options}`
}
