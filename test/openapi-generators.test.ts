import { expect, onTestFinished, test } from 'vitest'
import {
  compileJava,
  compilePython,
  compileTypeScript,
  generateClient,
  hasProgram,
  type Generated,
} from './support/client-generator.ts'

/** The types that generators refer to and do not make, where a member has no type. */
const MADE_UP = /\bAnyType\b|\bany_type\b/
const hasJava = hasProgram('java') && hasProgram('javac')
const skipped = hasJava ? '' : ' (skipped: Java is not installed)'

async function generated(language: string, options: readonly string[] = []): Promise<Generated> {
  const client = await generateClient(language, options)
  onTestFinished(client.remove)
  return client
}

test.skipIf(!hasJava)(`a generated Java client compiles${skipped}`, async () => {
  await compileJava(await generated('java', ['--library', 'native']))
})

test.skipIf(!hasJava)(`a generated TypeScript client compiles${skipped}`, async () => {
  await compileTypeScript(await generated('typescript-fetch', ['--additional-properties', 'typescriptThreePlus=true']))
})

test.skipIf(!hasJava || !hasProgram('python3'))(`a generated Python client compiles${skipped}`, async () => {
  const client = await generated('python')
  await compilePython(client)
  const models = await client.sources('resp_basic.py')
  // The generated setters reject null for what the document does not call nullable; rejections have no result.
  expect(Object.values(models).join('\n')).not.toContain('Invalid value for `result`')
})

test.skipIf(!hasJava).each([
  ['rust', '.rs'],
  ['csharp-netcore', '.cs'],
  ['typescript-axios', '.ts'],
])(`a generated %s client refers to nothing that is not generated${skipped}`, async (language, ending) => {
  const sources = await (await generated(language)).sources(ending)
  expect(Object.keys(sources).length).toBeGreaterThan(3)
  expect(
    Object.entries(sources)
      .filter(([, text]) => MADE_UP.test(text))
      .map(([path]) => path),
  ).toEqual([])
})
