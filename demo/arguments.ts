import { parseArgs } from 'node:util'

export const HELP = `Shows the service at work, with everything going wrong once.

  npm run demo
  npm run demo -- --keep

  --keep   leave the service running afterwards, and say what to try next
  --help   this text

Exit code 0: everything arrived, in order. 1: it did not, or the demo failed. 2: wrong arguments.
NO_COLOR=1 turns colours off.
`

export type Arguments = { kind: 'run'; isKept: boolean } | { kind: 'help' } | { kind: 'wrong'; violation: string }

/** Reads the command line, without the program's name. */
export function readArguments(args: readonly string[]): Arguments {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { keep: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    })
    return values.help === true ? { kind: 'help' } : { kind: 'run', isKept: values.keep === true }
  } catch (error) {
    // an unknown option, or an argument too many
    return { kind: 'wrong', violation: error instanceof Error ? error.message : String(error) }
  }
}
