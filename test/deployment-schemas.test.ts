import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { validate } from 'dockerfile-utils'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { manifests, tapisManifests, type Manifest } from './support/deployment-files.ts'
import { readRepositoryFile, ROOT } from './support/dockerfile.ts'

/** Where the types of the Kubernetes API are, by apiVersion. */
const MODULES: Readonly<Record<string, string>> = { v1: 'core/v1', 'apps/v1': 'apps/v1', 'policy/v1': 'policy/v1' }

test('compose.yaml follows the schema of Compose, and the linter finds no error', async () => {
  const linter = join(ROOT, 'node_modules', '.bin', 'dclint')
  await expect(promisify(execFile)(linter, ['--quiet', 'compose.yaml'], { cwd: ROOT })).resolves.toBeDefined()
})

test('the linter finds no error in the Dockerfile', async () => {
  expect(validate(await readRepositoryFile('Dockerfile'))).toEqual([])
})

test('the manifests have the members that the Kubernetes API has, and no others', async () => {
  expect(violationsOf([...(await manifests()), ...(await tapisManifests())])).toEqual([])
})

test.each([
  ['misspelt', '"livenessProbe":', '"livenesProbe":', 'livenesProbe'],
  ['of another type', '"replicas":2', '"replicas":"2"', "'string' is not assignable to type 'number'"],
  ['at another place', '"containers":', '"terminationGrace":45,"containers":', 'terminationGrace'],
])('a member that is %s is an error', async (_how, right, wrong, violation) => {
  const deployment = (await manifests()).find(({ kind }) => kind === 'Deployment')
  const changed = JSON.stringify(deployment).replace(right, wrong)
  expect(changed).not.toBe(JSON.stringify(deployment))
  expect(violationsOf([JSON.parse(changed) as Manifest])).toEqual([expect.stringContaining(violation)])
})

/** The compiler's word on each manifest as a value of its kind. */
function violationsOf(objects: readonly Manifest[]): string[] {
  const name = join(ROOT, 'test', 'manifests.ts')
  const text = objects
    .map(
      (object, index) =>
        `export const object${index}: import('kubernetes-types/${MODULES[object.apiVersion] ?? 'none'}').${object.kind} = ${JSON.stringify(object, undefined, 1)}`,
    )
    .join('\n')
  const options: ts.CompilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    skipLibCheck: true,
    types: [],
  }
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists } = host
  host.fileExists = (file) => file === name || fileExists(file)
  host.getSourceFile = (file, version, ...more) =>
    file === name ? ts.createSourceFile(file, text, version) : getSourceFile(file, version, ...more)
  const program = ts.createProgram([name], options, host)
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
}
