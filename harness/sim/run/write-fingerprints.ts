import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { runSeed } from '../run-seed.ts'
import { functionFingerprints } from './function-fingerprints.ts'

const FILE = fileURLToPath(new URL('../statements/fingerprints.ts', import.meta.url))
/** In so many seeds every statement comes. */
const SEEDS = 40

/** Writes down the texts of all statements, as those that the models are right for. */
export async function writeFingerprints(): Promise<void> {
  const texts = new Map<string, Set<string>>()
  for (let seed = 1; seed <= SEEDS; seed += 1)
    await runSeed(seed, {
      onText: (name, fingerprint) => texts.set(name, (texts.get(name) ?? new Set<string>()).add(fingerprint)),
    })
  const statements = [...texts].map(([name, hashes]) => [name, [...hashes].sort()] as const)
  const functions = [...(await functionFingerprints())]
  await writeFile(
    FILE,
    `/** The texts that the models were written for. Written by \`npm run sim -- --fingerprints\`. */
export const FINGERPRINTS: Readonly<Record<string, readonly string[]>> = {
${linesOf(statements.map(([name, hashes]) => [name, `[${hashes.map((hash) => `'${hash}'`).join(', ')}]`]))}
}

/** Of the functions that they call: their newest version in the migrations. */
export const FUNCTION_FINGERPRINTS: Readonly<Record<string, string>> = {
${linesOf(functions.map(([name, hash]) => [name, `'${hash}'`]))}
}
`,
  )
}

const linesOf = (entries: readonly (readonly [name: string, value: string])[]) =>
  entries
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `  ${name}: ${value},`)
    .join('\n')
