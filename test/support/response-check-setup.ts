import { checkingFetch } from './response-checks.ts'

declare global {
  /** `fetch` as the platform has it. The files of a worker share their globals, and each runs this set-up. */
  var platformFetch: typeof fetch | undefined
}

/**
 * Set-up of every file: what a test gets from the service is compared with the OpenAPI document, whatever the test is
 * about.
 */
globalThis.platformFetch ??= globalThis.fetch
globalThis.fetch = checkingFetch(globalThis.platformFetch)
