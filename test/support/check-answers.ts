import { checkingFetch } from './checked-answers.ts'

/** Set-up of every file: what a test gets from the service is compared with the OpenAPI document, whatever the test is about. */
globalThis.fetch = checkingFetch(globalThis.fetch)
