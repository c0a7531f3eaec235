import { errorCode } from '../runtime/error-code.ts'
import { quoteIdentifier } from './quote-identifier.ts'

/**
 * Rejections of a connection that will be the same the next time. `42501`: this user may not connect to the database.
 */
const PERMANENT_STATES = /^(28|3D)[0-9A-Z]{3}$|^42501$/

/** Returns whether an operator has to change something before a connection can be made. */
export const isPermanentRefusal = (error: Error): boolean => PERMANENT_STATES.test(errorCode(error) ?? '')

/**
 * Returns what the server said, and the statements for its superuser that fix it. `url`: of the connection; its user is
 * named, never its password.
 */
export function refusalText(error: Error, url: string): string {
  const { message } = error
  const owner = userOf(url)
  const [, database] = /^database "(.+)" does not exist$/.exec(message) ?? []
  if (database !== undefined)
    return (
      `${message}; create it: ` +
      `create database ${quoteIdentifier(database)} owner ${owner} encoding 'UTF8' template template0;`
    )
  const [, role] = /^role "(.+)" does not exist$/.exec(message) ?? []
  if (role !== undefined) return `${message}; create it: ${createRole(role)}`
  const [, user] = /^password authentication failed for user "(.+)"$/.exec(message) ?? []
  if (user !== undefined)
    return `${message}; the password in DATABASE_URL is wrong, or there is no such role: ${createRole(user)}`
  const [, closed] = /^permission denied for database "(.+)"$/.exec(message) ?? []
  if (closed !== undefined)
    return `${message}; allow it: grant connect on database ${quoteIdentifier(closed)} to ${owner};`
  if (message.startsWith('no pg_hba.conf entry'))
    return (
      `${message}; allow it in pg_hba.conf of the server, ` +
      'or, where it says "no encryption", add ?sslmode=require to DATABASE_URL'
    )
  return message
}

/** An address without a user means PGUSER, or the user of the operating system. */
function userOf(url: string): string {
  const { username } = URL.canParse(url) ? new URL(url) : { username: '' }
  try {
    return username === '' ? '<user>' : quoteIdentifier(decodeURIComponent(username))
  } catch {
    // no escape
    return quoteIdentifier(username)
  }
}

const createRole = (role: string) => `create role ${quoteIdentifier(role)} login password '...';`
