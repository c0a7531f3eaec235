import { BASE_PATH } from '@tidings/contract/base-path.ts'
import type { Config } from '../config/config.ts'
import { tokenCommand } from './token-command.ts'

/**
 * Returns what a person who has just started the service wants to know: `main.ts` prints it where standard output is a
 * terminal. `address`: the URL at which it listens, or `dispatcher` if it does not.
 */
export function bannerText(address: string, { tenants }: Pick<Config, 'tenants'>): string {
  const hasApi = /^https?:/.test(address)
  const lines = [
    hasApi ? `Tidings listens on ${address}` : `Tidings runs as ${address}`,
    ...(hasApi ? [`API documentation, to read and try out: ${address}${BASE_PATH}/docs`] : []),
    ...(tenants.kind === 'development'
      ? [`A token to try it with:  ${tokenCommand('--service jobs --tenant dev')}`]
      : []),
    'Ctrl-C finishes what is in flight and stops the service.',
  ]
  return `\n${lines.map((line) => `  ${line}\n`).join('')}\n`
}
