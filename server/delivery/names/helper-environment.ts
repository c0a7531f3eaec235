/** What the C library and its name services read, and what any program needs to start (resolver(5), environ(7), ld.so(8)). */
const NAMES = new Set(['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'RES_OPTIONS', 'LOCALDOMAIN', 'HOSTALIASES', 'SystemRoot'])
const PREFIXES = ['LC_', 'LD_', 'DYLD_', 'RESOLV_', 'NSS_']

/** The part of the environment that decides what a name means. Passwords of the service are none of it, nor is what is meant for its own Node.js. */
export const helperEnvironment = (env: Readonly<Record<string, string | undefined>> = process.env): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => NAMES.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix))))
