import { readFile } from 'node:fs/promises'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { errorCode } from '../../../runtime/error-code.ts'
import { parseTenantLists } from './tenant-lists.ts'
import type { TenantsData, TenantsSource } from './tenants.ts'

const Lists = Type.Object({ tenants: Type.Array(Type.Unknown()), sites: Type.Array(Type.Unknown()) })

/**
 * Creates the source for the file that TENANTS_FILE names. A load rejects with every violation of the file in its
 * message; an unusable key is only a warning. Each load reads the file, and parses it when its text is another than at
 * the last load. Date and size would not do: a rewrite may keep both, and a small file costs little to read.
 */
export function createFileSource(path: string): TenantsSource {
  let last: { readonly text: string; readonly outcome: Promise<TenantsData> } | undefined
  return {
    async load(signal) {
      const text = await readFile(path, { encoding: 'utf8', signal }).catch((error: unknown) => {
        throw new Error(`TENANTS_FILE ${path} cannot be read: ${whyUnreadable(error)}`, { cause: error })
      })
      if (last?.text !== text) last = { text, outcome: parse(path, text) }
      return last.outcome
    },
  }
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is not a directory',
  ELOOP: 'its symbolic links form a loop',
}

const whyUnreadable = (error: unknown) =>
  WHY[errorCode(error) ?? ''] ?? (error instanceof Error ? error.message : String(error))

async function parse(path: string, text: string): Promise<TenantsData> {
  const lists = parseJson(path, text)
  if (!Value.Check(Lists, lists))
    throw invalidFileError(
      path,
      Value.Errors(Lists, lists).map((error) => `${error.instancePath || '/'}: ${error.message}`),
    )
  const { data, entryViolations, listViolations, keyViolations } = await parseTenantLists(lists)
  const violations = [...entryViolations, ...listViolations]
  if (violations.length > 0) throw invalidFileError(path, violations)
  return { ...data, warnings: keyViolations }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`TENANTS_FILE ${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

const invalidFileError = (path: string, violations: readonly string[]) =>
  new Error(
    [
      `TENANTS_FILE ${path} has ${violations.length} error(s):`,
      ...violations.map((violation) => `  - ${violation}`),
    ].join('\n'),
  )
