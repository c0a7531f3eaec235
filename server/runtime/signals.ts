/** Signals that end a process unless it is told otherwise, but for those that stand for a fault of the program itself. */
const ENDING_SIGNALS = [
  'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGALRM', 'SIGVTALRM', 'SIGXCPU', 'SIGPWR', 'SIGABRT', 'SIGIO', 'SIGSTKFLT', 'SIGSYS', 'SIGTRAP',
] as const satisfies readonly NodeJS.Signals[]

/** Sent to a process to have it do something that this one does not: SIGUSR1 would open the debugger of Node.js, on a port. */
export const IGNORED_SIGNALS = ['SIGUSR1', 'SIGUSR2'] as const satisfies readonly NodeJS.Signals[]

export function onEndingSignal(listener: (name: NodeJS.Signals, number: number) => void): void {
  for (const name of ENDING_SIGNALS) process.on(name, listener)
  // The profiler of Node.js works by this one.
  if (!isAskedFor(/prof/)) process.on('SIGPROF', listener)
}

/** Whether Node.js was started with an option like this. */
export const isAskedFor = (option: RegExp) => [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((text) => option.test(text))
