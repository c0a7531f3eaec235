import { between, flag } from '../validators.ts'

export const SUBSCRIPTION_VARIABLES = {
  TIDINGS_USERS_CHANGE_FILTERS: flag({
    default: false,
    desc:
      'Whether users and tenant administrators may change filters and targets of their subscriptions (PATCH), as in ' +
      'the original; it lets a user read all events of the tenant. Unset: only services.',
  }),
  TIDINGS_MAX_TARGETS: between(
    1,
    10_000,
  )({
    default: 100,
    desc:
      'Largest number of targets in a creation or change of a subscription. Subscriptions that have more, imported ' +
      'ones too, stay as they are.',
  }),
  TAPIS_NTF_SUBSCR_REAPER_INTERVAL: between(
    1,
    1440,
  )({ default: 3, desc: 'Minutes between two searches for expired subscriptions.' }),
  RETENTION_HOURS: between(
    1,
    87_600,
  )({
    default: 72,
    desc:
      'Hours that an event is kept, with all of its notifications, after the last of them was settled; at least 24 ' +
      'from its receipt, because its row is what its uuid is recognised by.',
  }),
}
