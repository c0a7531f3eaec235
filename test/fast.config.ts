import { configDefaults, defineConfig } from 'vitest/config'
import config, { behaviour, unit } from '../vitest.config.ts'

/** Behaviour tests that start no process of their own and wait for little. */
const FAST = [
  'acceptance-{callers,events,search}',
  'api-{events,http,subscriptions,subscriptions-create}',
  'auth',
  'auth-{refusals,tenants}',
  'authorization',
  'delivery-{cancel,fairness,patch,wire}',
  'deployment',
  'deployment-tapis',
  'dispatch-{matching,poison,removal,series-end}',
  'email',
  'email-{fallback,message,pool,smtp,tls}',
  'http-{bodies,body-mistakes,connections,mistakes,raw}',
  'official-client',
  'official-client-subscriptions',
  'openapi-check',
  'publish-order',
  'search-values',
  'security-kernel',
  'subscription-{list,list-mistakes,patch,rights,warnings}',
  'test-sequence-{api,callback,publisher}',
  'webhook',
  'webhook-{answers,connections,guard,hostile}',
]

/** Unit tests that take as long as all others together. */
const SLOW = ['harness/sim/run-seed.test.ts']

/**
 * For `npm run test:fast`, a quick round while something is being changed: nearly all unit tests and some behaviour
 * tests.
 */
export default defineConfig({
  test: {
    ...config.test,
    projects: [
      { test: { ...unit.test, exclude: [...configDefaults.exclude, ...SLOW] } },
      { test: { ...behaviour.test, include: FAST.map((name) => `test/${name}.test.ts`) } },
    ],
  },
})
