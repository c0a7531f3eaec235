/** Variables of libpq, which pg reads too: they fill in what an address leaves out. */
const OF_LIBPQ = /^PG[A-Z]/

/** pg's own inventions, which libpq does not have; as a startup message they would change what a connection is. */
const INVENTED = ['PGREPLICATION', 'PGBINARY', 'PGCLIENT_ENCODING']

/** Of a parameter by its name in an address, e.g. `sslmode`. Set to nothing counts as not set. */
export const fromEnvironment = (parameter: string): string | undefined => process.env[`PG${parameter.toUpperCase()}`] || undefined

/**
 * The embedded PostgreSQL must not hear of variables that are meant for the servers of others. They are taken out of the
 * environment, because pg reads some that it does not document.
 */
export const forgetLibpqVariables = () => forget((name) => OF_LIBPQ.test(name))

/** For an address of the operator's: what libpq knows fills in what it leaves out, what only pg knows does not. */
export const forgetInventedVariables = () => forget((name) => INVENTED.includes(name))

function forget(isMeant: (name: string) => boolean): void {
  for (const name of Object.keys(process.env)) if (isMeant(name)) Reflect.deleteProperty(process.env, name)
}
