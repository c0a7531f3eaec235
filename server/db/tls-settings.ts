import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { fromEnvironment } from './libpq-environment.ts'

/** DATABASE_URL asks for something impossible; the message says what to change. */
export class InvalidDatabaseUrl extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options)
    this.name = 'InvalidDatabaseUrl'
  }
}

const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'] as const
type Mode = (typeof MODES)[number]

/** The TLS settings of an address: libpq's parameters, and `ssl` and `no-verify` of pg. */
export interface TlsSettings {
  readonly mode: Mode
  /** A file, or `system`: the authorities that Node.js trusts. */
  readonly rootCertificate: string | undefined
  readonly certificate: string | undefined
  readonly key: string | undefined
  readonly password: string | undefined
  /** TLS from the first byte (PostgreSQL 17 or newer). */
  readonly isDirect: boolean
}

/** Reads the parameters; the environment completes them, as with libpq. Throws `InvalidDatabaseUrl`. */
export function readTlsSettings(parameters: URLSearchParams, environment = fromEnvironment): TlsSettings {
  const read = (name: string) => parameters.get(name) ?? environment(name)
  const rootCertificate = read('sslrootcert')
  const isDirect = read('sslnegotiation') === 'direct'
  const mode = modeOf(
    parameters.get('sslmode') ??
      modeOfSsl(parameters.get('ssl')) ??
      environment('sslmode') ??
      (rootCertificate === 'system' ? 'verify-full' : 'disable'),
  )
  if (rootCertificate === 'system' && mode !== 'verify-full')
    throw new InvalidDatabaseUrl(`sslmode=${mode} is too weak for sslrootcert=system; set sslmode=verify-full`)
  if (isDirect && !requiresTls(mode))
    throw new InvalidDatabaseUrl(
      `sslmode=${mode} is too weak for sslnegotiation=direct; set sslmode=require or stronger`,
    )
  if (mode === 'verify-ca' && rootCertificate === undefined)
    throw new InvalidDatabaseUrl(
      'sslmode=verify-ca needs sslrootcert, the file of the authority; or set sslmode=verify-full',
    )
  return {
    mode,
    rootCertificate,
    certificate: read('sslcert'),
    key: read('sslkey'),
    password: parameters.get('sslpassword') ?? undefined,
    isDirect,
  }
}

/** Returns the options of a TLS connection, whatever the mode. Reads the files. Throws `InvalidDatabaseUrl`. */
export function tlsOptions({ mode, rootCertificate, certificate, key, password }: TlsSettings): ConnectionOptions {
  if (certificate !== undefined && key === undefined) throw new InvalidDatabaseUrl('sslcert needs sslkey')
  const ca =
    rootCertificate === undefined || rootCertificate === 'system'
      ? undefined
      : contentOf('sslrootcert', rootCertificate)
  const isNameFree = mode === 'verify-ca' || mode === 'require'
  return {
    // As in libpq, require with an authority verifies as verify-ca does.
    rejectUnauthorized: mode === 'verify-full' || mode === 'verify-ca' || (mode === 'require' && ca !== undefined),
    ...(isNameFree && { checkServerIdentity: () => undefined }),
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { cert: contentOf('sslcert', certificate) }),
    ...(key !== undefined && { key: contentOf('sslkey', key) }),
    ...(password !== undefined && { passphrase: password }),
  }
}

const requiresTls = (mode: Mode) => mode !== 'disable' && mode !== 'allow' && mode !== 'prefer'

function modeOf(text: string): Mode {
  const mode = MODES.find((known) => known === text)
  if (mode === undefined) throw new InvalidDatabaseUrl(`sslmode=${text} is unknown; use one of ${MODES.join(', ')}`)
  return mode
}

function modeOfSsl(text: string | null): string | undefined {
  if (text === 'true' || text === '1') return 'verify-full'
  if (text === 'false' || text === '0') return 'disable'
  return text ?? undefined
}

function contentOf(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new InvalidDatabaseUrl(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
