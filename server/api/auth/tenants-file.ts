import { readFile } from 'node:fs/promises'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { errorCode } from '../../runtime/error-code.ts'
import type { TenantsSource } from './tenants-in-force.ts'
import { readLists } from './tenants-shape.ts'
import type { TenantsData } from './tenants.ts'

const Lists = Type.Object({ tenants: Type.Array(Type.Unknown()), sites: Type.Array(Type.Unknown()) })

/**
 * The file named by TENANTS_FILE. A load rejects with every fault of the file in its message; a key that cannot be decoded is
 * only a warning. The content is compared, not the file's date or size: that also sees a rewrite of equal size and a replaced
 * file, on every file system, and costs one read of a small file.
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

const WHY: Readonly<Record<string, string>> = { ENOENT: 'there is no such file', EACCES: 'this user may not read it', EISDIR: 'it is a directory', ENOTDIR: 'a part of its path is no directory', ELOOP: 'its symlinks go in a circle' }

const whyUnreadable = (error: unknown) => WHY[errorCode(error) ?? ''] ?? (error instanceof Error ? error.message : String(error))

async function parse(path: string, text: string): Promise<TenantsData> {
  const lists = parseJson(path, text)
  if (!Value.Check(Lists, lists)) throw faulty(path, Value.Errors(Lists, lists).map((error) => `${error.instancePath || '/'}: ${error.message}`))
  const { data, entryFaults, wholeFaults, keyFaults } = await readLists(lists)
  const faults = [...entryFaults, ...wholeFaults]
  if (faults.length > 0) throw faulty(path, faults)
  return { ...data, warnings: keyFaults }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`TENANTS_FILE ${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

const faulty = (path: string, faults: readonly string[]) => new Error(`TENANTS_FILE ${path} has ${faults.length} fault(s):\n${faults.map((fault) => `  - ${fault}`).join('\n')}`)
