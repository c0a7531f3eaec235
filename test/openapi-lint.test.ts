import { createConfig, lintFromString } from '@redocly/openapi-core'
import { expect, test } from 'vitest'
import { openApiDocument } from '@tidings/server/api/openapi/document.ts'

/**
 * The interface has addresses of which a router must know that written-out parts go first; that is too late to change.
 */
const INHERITED = ['no-ambiguous-paths']

test.each([[undefined], ['https://gateway.example.org/events']])(
  'the linter finds nothing in the document, public address %s',
  async (publicUrl) => {
    const config = await createConfig({ extends: ['recommended'] })
    const problems = await lintFromString({ source: JSON.stringify(openApiDocument(publicUrl)), config })
    expect(
      problems
        .filter(({ ruleId }) => !INHERITED.includes(ruleId))
        .map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer ?? ''}`),
    ).toEqual([])
  },
)

test('the linter would find something', async () => {
  const { components, ...broken } = openApiDocument(undefined)
  const problems = await lintFromString({
    source: JSON.stringify(broken),
    config: await createConfig({ extends: ['recommended'] }),
  })
  expect(problems.filter(({ severity }) => severity === 'error').length).toBeGreaterThan(
    Object.keys(components.schemas).length,
  )
})
