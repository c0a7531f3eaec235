import { errorCode } from '../runtime/error-code.ts'

/** PostgreSQL's answers to a connection that will be the same the next time. `42501`: this user may not connect to the database. */
const REFUSED_STATES = /^(28|3D)[0-9A-Z]{3}$|^42501$/

/** True for what a person has to change before a connection can be made. */
export const isRefusal = (error: Error): boolean => REFUSED_STATES.test(errorCode(error) ?? '')

/** What the server said, and the statements that mend it, to be run by its superuser. `url`: of the connection, whose user is named; never its password. */
export function refusalWords(error: Error, url: string): string {
  const { message } = error
  const owner = userOf(url)
  const [, database] = /^database "(.+)" does not exist$/.exec(message) ?? []
  if (database !== undefined) return `${message}; make it: create database ${quoted(database)} owner ${owner} encoding 'UTF8' template template0;`
  const [, role] = /^role "(.+)" does not exist$/.exec(message) ?? []
  if (role !== undefined) return `${message}; make it: ${createRole(role)}`
  const [, user] = /^password authentication failed for user "(.+)"$/.exec(message) ?? []
  if (user !== undefined) return `${message}; the password in DATABASE_URL is another one, or there is no such role: ${createRole(user)}`
  const [, closed] = /^permission denied for database "(.+)"$/.exec(message) ?? []
  if (closed !== undefined) return `${message}; allow it: grant connect on database ${quoted(closed)} to ${owner};`
  if (message.startsWith('no pg_hba.conf entry')) return `${message}; allow it in pg_hba.conf of the server, or, where it says "no encryption", add ?sslmode=require to DATABASE_URL`
  return message
}

/** Without a user in the address it is that of the operating system, or PGUSER. */
function userOf(url: string): string {
  const { username } = URL.canParse(url) ? new URL(url) : { username: '' }
  try {
    return username === '' ? '<user>' : quoted(decodeURIComponent(username))
  } catch { // no escape
    return quoted(username)
  }
}

const createRole = (role: string) => `create role ${quoted(role)} login password '...';`

/** As PostgreSQL's quote_ident, but that it always quotes. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
