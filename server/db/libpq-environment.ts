/** Variables of libpq, which pg reads too: they fill in what an address leaves out. */
const OF_LIBPQ = /^PG[A-Z]/

/** Variables that only pg has; in the startup message they would change what a connection is. */
const PG_ONLY = ['PGREPLICATION', 'PGBINARY', 'PGCLIENT_ENCODING']

/** Returns the variable of a parameter, by its name in an address, e.g. `sslmode`. An empty one counts as unset. */
export const fromEnvironment = (parameter: string): string | undefined =>
  process.env[`PG${parameter.toUpperCase()}`] || undefined

/**
 * Removes the variables of libpq from the environment, because they are meant for other servers than the embedded
 * PostgreSQL, and pg reads some that it does not document.
 */
export const dropLibpqVariables = () => drop((name) => OF_LIBPQ.test(name))

/** For the operator's own address, which variables of libpq complete: removes only those that pg alone has. */
export const dropPgOnlyVariables = () => drop((name) => PG_ONLY.includes(name))

function drop(isMeant: (name: string) => boolean): void {
  for (const name of Object.keys(process.env)) if (isMeant(name)) Reflect.deleteProperty(process.env, name)
}
