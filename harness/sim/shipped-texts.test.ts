import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { MUTATIONS } from './mutations.ts'
import { functionFingerprints } from './run/function-fingerprints.ts'
import { FUNCTION_FINGERPRINTS } from './statements/fingerprints.ts'

/** What the simulation says of texts that are shipped. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

test('the simulation has models of the functions as the migrations have them', async () => {
  expect(Object.fromEntries(await functionFingerprints())).toEqual(FUNCTION_FINGERPRINTS)
})

test.each(MUTATIONS)('the simulation can make the mutation $name', async ({ patches }) => {
  for (const { file, search } of patches)
    expect((await readFile(`${ROOT}${file}`, 'utf8')).split(search)).toHaveLength(2)
})
