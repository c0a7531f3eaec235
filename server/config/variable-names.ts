import leven from 'leven'
import { TRANSLATED_NAMES, IGNORED_NAMES } from './tapis-variables.ts'
import type { Environment } from './service-links.ts'
import { didYouMean, suggestion } from '../runtime/suggestion.ts'

export interface NameFindings {
  /** A sentence for each name that stops the start. */
  readonly violations: readonly string[]
  /** Names that may be meant for this service, and are not read; with what is meant, where that can be told. */
  readonly unknown: readonly string[]
  /** Names of Tapis Notifications that have no use here. */
  readonly ignored: readonly string[]
}

/** A name of ours that is shorter (HOST) resembles too many others. */
const MIN_LENGTH = 8
const OWN_PREFIX = /^(TIDINGS|TAPIS_NTF)_/i
const OWN_OR_TAPIS_PREFIX = /^(TIDINGS|TAPIS)_/i
/**
 * Resemble names of ours, and are read by other programs, so that they are found in environments that are nobody's
 * mistake.
 */
const FOREIGN_NAMES = new Set(['LOGLEVEL', 'LOG_LEVELS', 'LOG_LABEL'])
const SCHEME = /^([a-z][a-z0-9+.-]*):/i
const SCHEMES: Readonly<Record<string, RegExp>> = { DATABASE_URL: /^postgres(ql)?$/i, BROKER_URL: /^amqps?$/i }

/**
 * Which names of the environment are mistakes. `known`: the names that the service reads.
 *
 * | name | verdict |
 * |---|---|
 * | known; one of Tapis Notifications | none |
 * | `TIDINGS_`, `TAPIS_`: one or two letters from a known one, or in another case | stops the start |
 * | any other, of eight letters and more, as close to a known one that is not set itself | stops the start (*) |
 * | `TIDINGS_`, `TAPIS_NTF_`; a name of ours behind another prefix (`TAPIS_LOG_LEVEL`) | unknown |
 * | any other | none |
 *
 * (*) Unknown when other programs are known to read it, or its value is for another program
 * (`DATABASE_URI=mysql://...`).
 */
export function checkNames(env: Environment, known: readonly string[]): NameFindings {
  const meant = new Set([...known, ...Object.keys(TRANSLATED_NAMES)])
  const resembled = [...meant].filter((name) => name.length >= MIN_LENGTH)
  const violations: string[] = []
  const unknown: string[] = []
  const ignored: string[] = []
  for (const [name, value] of Object.entries(env)) {
    if (meant.has(name)) continue
    if (IGNORED_NAMES.includes(name)) {
      ignored.push(name)
      continue
    }
    const close = name.length >= MIN_LENGTH ? suggestion(name, resembled) : undefined
    if (close !== undefined && isMistake(name, value, close, env))
      violations.push(`${name}: no such variable; ${didYouMean(close)} Rename it, or unset it`)
    else if (close !== undefined || OWN_PREFIX.test(name) || knownNameBehindPrefix(name, known) !== undefined)
      unknown.push(withSuggestion(name, close ?? knownNameBehindPrefix(name, known)))
  }
  return { violations, unknown, ignored }
}

function isMistake(name: string, value: string, close: string, env: Environment): boolean {
  if (OWN_OR_TAPIS_PREFIX.test(close)) return true
  const scheme = SCHEME.exec(value)?.[1]
  const isOfAnother = scheme !== undefined && SCHEMES[close]?.test(scheme) === false
  return env[close] === undefined && !isOfAnother && !FOREIGN_NAMES.has(name)
}

/** TIDINGS_PORT, TIDINGS_RETENTION_HOURS, TAPIS_DATABASE_URL: the right word behind the wrong prefix. */
function knownNameBehindPrefix(name: string, known: readonly string[]): string | undefined {
  const [prefix] = /^(TAPIS_NTF_|TAPIS_|TIDINGS_)/i.exec(name) ?? []
  if (prefix === undefined) return undefined
  const rest = name.slice(prefix.length).toUpperCase()
  return (
    known.find((ours) =>
      [rest, `TIDINGS_${rest}`, `TAPIS_${rest}`, `TAPIS_SERVICE_${rest}`, `TAPIS_NTF_${rest}`].includes(ours),
    ) ?? known.find((ours) => ours.length >= MIN_LENGTH && leven(ours, rest, { maxDistance: 2 }) < 2)
  )
}

const withSuggestion = (name: string, meant: string | undefined) =>
  meant === undefined ? name : `${name} (${didYouMean(meant)})`
