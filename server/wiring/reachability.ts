import { isIP } from 'node:net'
import { BASE_PATH } from '@tidings/contract/base-path.ts'
import type { DeliveryReach } from '../api/subscriptions/subscription-warnings.ts'
import type { Config } from '../config/config.ts'
import { createAddressGuard, type AddressGuard } from '../delivery/webhook/address-guard.ts'
import { isLocalhost } from '../runtime/localhost.ts'

const CALLBACK_PATH = `${BASE_PATH}/test/callback/`
const LOOPBACK = '127.0.0.1'

/** What webhooks may reach, as it is configured. */
export const createConfiguredGuard = ({
  allowAddresses,
  publicUrl,
}: Pick<Config, 'allowAddresses' | 'publicUrl'>): AddressGuard =>
  createAddressGuard({ allow: allowAddresses, exceptOrigin: ownCallbacks(publicUrl) })

/**
 * What this installation delivers, for whoever makes a subscription. Judges literal addresses and localhost; other
 * names are looked up when sending.
 */
export function createReachability(config: Pick<Config, 'allowAddresses' | 'publicUrl' | 'mail'>): DeliveryReach {
  const guard = createConfiguredGuard(config)
  return {
    sendsMail: config.mail.provider === 'SMTP',
    blockedRange(url) {
      const literal = literalAddressOf(url.hostname)
      if (literal === undefined || guard.isOwnCallback(url)) return undefined
      const verdict = guard.judge(literal)
      return verdict.kind === 'refused' ? verdict.range : undefined
    },
  }
}

/** The number that a host of a URL is, however it was spelt: the URL class has written it in the one canonical way. */
function literalAddressOf(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(bare) !== 0) return bare
  return isLocalhost(hostname) ? LOOPBACK : undefined
}

/** Where test sequences are called back, base path included. */
function ownCallbacks(publicUrl: string | undefined): { origin: string; pathPrefix: string } | undefined {
  if (publicUrl === undefined) return undefined
  const { origin, pathname } = new URL(`${publicUrl}${CALLBACK_PATH}`)
  return { origin, pathPrefix: pathname }
}
