import { between, cidrList, secondsList } from '../validators.ts'

const HOUR_S = 3600

export const DELIVERY_VARIABLES = {
  TIDINGS_RETRY_DELAYS_S: secondsList({
    default: [1, 5, 20, 60, 300, 600],
    desc: 'Seconds before the second, third ... attempt; the last one repeats.',
  }),
  TIDINGS_RETRY_HORIZON_S: between(
    1,
    30 * 24 * HOUR_S,
  )({
    default: 25 * HOUR_S, // a receiver that was down for a day still gets what it missed
    desc: 'Seconds after which a notification is given up, but not before three attempts, its own or probes.',
  }),
  TIDINGS_ALLOW_ADDRESSES: cidrList({
    default: undefined,
    desc:
      'CIDR blocks, separated by commas, that webhooks may reach although they are private; a single address is ' +
      '`10.0.0.5/32`. Dispatchers send by them, apis warn by them. Unset, in development: loopback.',
  }),
  TIDINGS_SENDS_IN_ALL: between(
    1,
    4096,
  )({ default: 1024, desc: 'Webhook requests in flight at the same time, in each process.' }),
  TIDINGS_SENDS_PER_ADDRESS: between(
    1,
    4096,
  )({
    default: undefined,
    desc:
      'Webhook requests in flight at the same time to one address, from all dispatchers together: each has its part, ' +
      'rounded up. At most TIDINGS_SENDS_IN_ALL. Unset: 128, or TIDINGS_SENDS_IN_ALL if that is less.',
  }),
  TIDINGS_CANARY_INTERVAL_S: between(
    0,
    3600,
  )({ default: 60, desc: 'Seconds between two liveness events that the dispatcher sends to itself; 0: none.' }),
}
