import { generateKeyPair, randomUUID } from 'node:crypto'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { Config } from '../../config/config.ts'
import { checkWritable, makeDataDirectory } from '@tidings/embedded-postgres/data-directory.ts'
import { hasCode } from '../../runtime/error-code.ts'

const FILE = 'development-keys.json'
const KEY_BITS = 2048

const KeyPair = Type.Object({ publicKey: Type.String(), privateKey: Type.String() })
const DevelopmentKeys = Type.Object({ admin: KeyPair, dev: KeyPair })

/** PEM texts by tenant: `admin`, the tenant of service tokens, and `dev`. */
export type DevelopmentKeys = Static<typeof DevelopmentKeys>

/** Thrown when something asks for development keys although real tenants are configured. */
class NotDevelopmentError extends Error {
  constructor() {
    super('Development tokens can be minted only while neither TENANTS_FILE nor TAPIS_TENANT_SVC_BASEURL is set')
    this.name = 'NotDevelopmentError'
  }
}

/**
 * Returns the keys in `<dataDir>/development-keys.json`, which only its owner can read, and makes them when absent.
 * Processes that start at the same moment get the same keys. Throws `NotDevelopmentError` when real tenants are
 * configured.
 */
export async function openDevelopmentKeys({
  dataDir,
  tenants,
}: Pick<Config, 'dataDir' | 'tenants'>): Promise<DevelopmentKeys> {
  if (tenants.kind !== 'development') throw new NotDevelopmentError()
  const path = join(dataDir, FILE)
  const text = (await textOf(path)) ?? (await make(dataDir, path))
  return parse(path, text)
}

const textOf = (path: string) =>
  readFile(path, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  })

/**
 * Writes a draft and links it into place: a link never replaces the file of another process, and no reader sees half a
 * file.
 */
async function make(dataDir: string, path: string): Promise<string> {
  await makeDataDirectory(dataDir)
  await checkWritable(dataDir)
  const [admin, dev] = await Promise.all([makePair(), makePair()])
  const keys: DevelopmentKeys = { admin, dev }
  const draft = join(dataDir, `.${FILE}.${randomUUID()}`)
  try {
    await writeFile(draft, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600, flag: 'wx', flush: true })
    await link(draft, path)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error // another process was first: its keys are used
  } finally {
    await rm(draft, { force: true })
  }
  return readFile(path, 'utf8')
}

const makePair = () =>
  promisify(generateKeyPair)('rsa', {
    modulusLength: KEY_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })

function parse(path: string, text: string): DevelopmentKeys {
  const advice = `${path} does not hold development keys; delete it, and new ones will be created`
  let keys: unknown
  try {
    keys = JSON.parse(text)
  } catch {
    throw new Error(advice) // without the cause: its message quotes the file, which holds private keys
  }
  if (!Value.Check(DevelopmentKeys, keys)) throw new Error(advice)
  return keys
}
