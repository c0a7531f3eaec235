/**
 * Signals that end a process by default, except those that report an error of the program itself.
 */
const TERMINATION_SIGNALS = [
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
  'SIGALRM',
  'SIGVTALRM',
  'SIGXCPU',
  'SIGPWR',
  'SIGABRT',
  'SIGIO',
  'SIGSTKFLT',
  'SIGSYS',
  'SIGTRAP',
] as const satisfies readonly NodeJS.Signals[]

/**
 * Sent to programs that define a meaning for them, which this one does not. SIGUSR1 would open the debugger of Node.js,
 * on a port.
 */
export const IGNORED_SIGNALS = ['SIGUSR1', 'SIGUSR2'] as const satisfies readonly NodeJS.Signals[]

/** Takes the place of what Node.js does by itself: SIGUSR1 opens the debugger, SIGUSR2 ends the process. */
export function ignoreUserSignals(): void {
  for (const name of IGNORED_SIGNALS) process.on(name, () => undefined)
}

export function onTerminationSignal(listener: (name: NodeJS.Signals, number: number) => void): void {
  for (const name of TERMINATION_SIGNALS) process.on(name, listener)
  // The profiler of Node.js works by this one.
  if (!hasNodeOption(/prof/)) process.on('SIGPROF', listener)
}

/** Whether Node.js was started with an option like this. */
export const hasNodeOption = (option: RegExp) =>
  [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((text) => option.test(text))
