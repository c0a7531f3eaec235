import { makeValidator } from 'envalid'
import ipaddr from 'ipaddr.js'

/** A whole number. */
export const between = (min: number, max: number) =>
  makeValidator<number>((text) => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max)
      throw new Error(`must be a whole number from ${min} to ${max}`)
    return value
  })

/** Seconds, separated by commas. */
export const secondsList = makeValidator<readonly number[]>((text) => {
  const values = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)))
  if (values.some((value) => !(value >= 0.05 && value <= 86_400)))
    throw new Error('must be a list of seconds, each from 0.05 to 86400')
  return values
})

/** CIDR blocks, separated by commas. */
export const cidrList = makeValidator<readonly string[]>((text) => {
  const blocks = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  const wrong = blocks.filter((block) => !ipaddr.isValidCIDR(block))
  if (wrong.length > 0) throw new Error(`not a CIDR block: ${wrong.join(', ')}`)
  return blocks
})

/** An absolute address with one of these schemes. */
export const urlOf = (...schemes: string[]) =>
  makeValidator<string>((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (!url || !schemes.includes(url.protocol.slice(0, -1)) || url.host === '')
      throw new Error(`must be an address with the scheme ${schemes.join(' or ')}`)
    return text
  })

/** A PostgreSQL address may name a socket instead of a host. */
export const isPostgresUrl = (text: string) =>
  /^postgres(ql)?:\/\//.test(text) && URL.canParse(text.replace(/^postgres(ql)?:\/\/(?=\/)/, 'postgres://localhost'))

/**
 * Of the service's own database, which must be named: without a name the user's name would be taken for it, so
 * `postgres` for postgres.
 */
export const postgresUrl = makeValidator<string>((text) => {
  if (/^postgres(ql)?:\/\/[^/?#]*,/.test(text))
    throw new Error('must be an address with one host name that always leads to the primary')
  if (!isPostgresUrl(text)) throw new Error('must be an address with the scheme postgres')
  const [, name = ''] = /^postgres(?:ql)?:\/\/[^/?#]*\/?([^?#]*)/.exec(text) ?? []
  if (name === '')
    throw new Error(
      'must name the database: postgres://user@host:5432/NAME; ' +
        'without one PostgreSQL would use the database named like the user',
    )
  if (/^template[01]$/.test(name))
    throw new Error(`must name a database of its own; the content of ${name} is copied into every new database`)
  return text
})

/** An address or a name to listen on. What has digits and dots only is an address, and no name. */
export const listenHost = makeValidator<string>((text) => {
  const host = text.trim()
  if (/:\/\//.test(host)) throw new Error('must be an address or a name alone, without a scheme')
  if (ipaddr.isValid(host) && /[.:]/.test(host)) return host
  if (/^\[.*\](:\d+)?$/.test(host) || /^[^:]*:\d+$/.test(host))
    throw new Error('must be an address or a name alone, without brackets and port; the port is TAPIS_SERVICE_PORT')
  if (/^[\d.]+$/.test(host) || host.includes(':')) throw new Error(`${host} is not an address`)
  if (!/^[\w.-]+$/.test(host)) throw new Error('must be an address or a name')
  return host
})

export interface Admin {
  readonly tenant: string
  readonly user: string
}

/** `tenant:user`, separated by commas. */
export const adminList = makeValidator<readonly Admin[]>((text) => {
  const entries = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  if (entries.length === 0 || entries.some((entry) => !/^[^:\s]+:\S+$/.test(entry)))
    throw new Error('must be a list of tenant:user')
  return entries.map((entry) => ({
    tenant: entry.slice(0, entry.indexOf(':')),
    user: entry.slice(entry.indexOf(':') + 1),
  }))
})

/** Names of services, separated by commas. A name that was forgotten between two commas may be the one that matters. */
export const serviceList = makeValidator<readonly string[]>((text) => {
  const names = text.split(',').map((part) => part.trim())
  if (names.some((name) => !/^[A-Za-z0-9._~-]+$/.test(name))) throw new Error('must be a list of service names')
  return [...new Set(names)]
})

/** In any case. */
export const flag = makeValidator<boolean>((text) => {
  const word = text.trim().toLowerCase()
  if (word !== 'true' && word !== 'false') throw new Error('must be true or false')
  return word === 'true'
})
