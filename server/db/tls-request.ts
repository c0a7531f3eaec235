import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { fromEnvironment } from './libpq-environment.ts'

/** DATABASE_URL cannot be followed; the message says what to change. */
export class UnusableAddress extends Error {
  constructor(fault: string, options?: ErrorOptions) {
    super(fault, options)
    this.name = 'UnusableAddress'
  }
}

const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'] as const
type Mode = (typeof MODES)[number]

/** What an address says of TLS: libpq's parameters, and `ssl` and `no-verify` of pg. */
export interface TlsRequest {
  readonly mode: Mode
  /** A file; `system`: the authorities that Node.js trusts. */
  readonly rootCertificate: string | undefined
  readonly certificate: string | undefined
  readonly key: string | undefined
  readonly password: string | undefined
  /** TLS from the first byte (PostgreSQL 17 or newer). */
  readonly isDirect: boolean
}

/** What the parameters leave out, the environment says, as for libpq. Throws an `UnusableAddress`. */
export function readTlsRequest(parameters: URLSearchParams, environment = fromEnvironment): TlsRequest {
  const read = (name: string) => parameters.get(name) ?? environment(name)
  const rootCertificate = read('sslrootcert')
  const isDirect = read('sslnegotiation') === 'direct'
  const mode = modeOf(parameters.get('sslmode') ?? modeOfSsl(parameters.get('ssl')) ?? environment('sslmode') ?? (rootCertificate === 'system' ? 'verify-full' : 'disable'))
  if (rootCertificate === 'system' && mode !== 'verify-full') throw new UnusableAddress(`sslmode=${mode} is too weak for sslrootcert=system; set sslmode=verify-full`)
  if (isDirect && !isTlsSure(mode)) throw new UnusableAddress(`sslmode=${mode} is too weak for sslnegotiation=direct; set sslmode=require or stronger`)
  if (mode === 'verify-ca' && rootCertificate === undefined) throw new UnusableAddress('sslmode=verify-ca needs sslrootcert, the file of the authority; or set sslmode=verify-full')
  return { mode, rootCertificate, certificate: read('sslcert'), key: read('sslkey'), password: parameters.get('sslpassword') ?? undefined, isDirect }
}

/** The TLS that is asked for, without the question whether there shall be any. Reads the files. Throws an `UnusableAddress`. */
export function tlsOptions({ mode, rootCertificate, certificate, key, password }: TlsRequest): ConnectionOptions {
  if (certificate !== undefined && key === undefined) throw new UnusableAddress('sslcert needs sslkey')
  const ca = rootCertificate === undefined || rootCertificate === 'system' ? undefined : contentOf('sslrootcert', rootCertificate)
  const isNameFree = mode === 'verify-ca' || mode === 'require'
  return {
    // libpq: require with an authority verifies as verify-ca does.
    rejectUnauthorized: mode === 'verify-full' || mode === 'verify-ca' || (mode === 'require' && ca !== undefined),
    ...(isNameFree && { checkServerIdentity: () => undefined }),
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { cert: contentOf('sslcert', certificate) }),
    ...(key !== undefined && { key: contentOf('sslkey', key) }),
    ...(password !== undefined && { passphrase: password }),
  }
}

const isTlsSure = (mode: Mode) => mode !== 'disable' && mode !== 'allow' && mode !== 'prefer'

function modeOf(text: string): Mode {
  const mode = MODES.find((known) => known === text)
  if (mode === undefined) throw new UnusableAddress(`sslmode=${text} is unknown; known are ${MODES.join(', ')}`)
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
    throw new UnusableAddress(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
