/**
 * Variables that the C library and its name services read, and that every program needs to start (resolver(5),
 * environ(7), ld.so(8)).
 */
const NAMES = new Set([
  'PATH',
  'HOME',
  'TMPDIR',
  'TZ',
  'LANG',
  'RES_OPTIONS',
  'LOCALDOMAIN',
  'HOSTALIASES',
  'SystemRoot',
])
const PREFIXES = ['LC_', 'LD_', 'DYLD_', 'RESOLV_', 'NSS_']

/**
 * Returns the part of the environment that decides what a name resolves to: without the service's passwords, and
 * without the options for its own Node.js.
 */
export const lookupEnvironment = (
  env: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    Object.entries(env).filter(([name]) => NAMES.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix))),
  )
