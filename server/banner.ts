import { BASE_PATH } from './api/route.ts'
import type { Config } from './config.ts'

/** What somebody who has just started the service in a terminal wants to know. `address`: where it listens, or that it does not. */
export function bannerText(address: string, { tenants }: Pick<Config, 'tenants'>): string {
  const hasApi = /^https?:/.test(address)
  const lines = [
    hasApi ? `Tidings listens on ${address}` : `Tidings runs as ${address}`,
    ...(hasApi ? [`Every operation, to read and to try: ${address}${BASE_PATH}/docs`] : []),
    ...(tenants.kind === 'development' ? ['A token to try it with:  npm run --silent token -- --service jobs --tenant dev'] : []),
    'Ctrl-C finishes what is in flight and ends it.',
  ]
  return `\n${lines.map((line) => `  ${line}\n`).join('')}\n`
}
