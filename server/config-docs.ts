import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { cleanEnv, type ValidatorSpec } from 'envalid'
import { VARIABLES } from './config.ts'
import { TRANSLATED, WITHOUT_USE } from './config-original.ts'
import { readCommandLine } from './runtime/command-line.ts'

const PAGE = fileURLToPath(new URL('../docs/config.md', import.meta.url))
/** Nothing that any variable with limits accepts. */
const NONSENSE = '\u0001'

const HELP = `Writes docs/config.md. With --check [FILE] it only compares, and ends with 1 when the page, or FILE, is out of date.

  npm run config-docs [-- --check [FILE]]
`

const OPTIONS = { check: { type: 'boolean' }, help: { type: 'boolean' } } as const

const HEAD = `# Configuration

Made by \`npm run config-docs\` from \`server/config.ts\`; edits here are overwritten.

The service reads these environment variables. One that is set to nothing, or to blanks only, counts as
not set. A wrong value stops the start; every fault is named at once on standard error, and the exit code is 1. So does a name that
is one or two letters away from one of these, or in lower case: it is probably meant. Other names that begin with \`TIDINGS_\` or
\`TAPIS_NTF_\` are named in a warning. What Kubernetes sets for each service of a namespace (\`TIDINGS_API_SERVICE_HOST\`,
\`DATABASE_PORT=tcp://...\`) is passed over, also where it has a name of this table.

Without \`TENANTS_FILE\` and \`TAPIS_TENANT_SVC_BASEURL\` the service is in development: it makes its own keys and tenants,
and listens on loopback addresses only.

| Variable | Default | Accepts | Meaning |
|---|---|---|---|
`

const ORIGINAL = `
## Names of Tapis Notifications

What the Tapis deployer sets for the Java service is understood as it is. The names above win: beside one of them, these must say
the same, or the start is refused with both names. Half a login, or a login without a host, is refused too. \`tapis.db.user\` is
read as \`TAPIS_DB_USER\`, and so on.

| Name | becomes |
|---|---|
${Object.entries(TRANSLATED).map(([name, meaning]) => `| \`${name}\` | ${meaning} |\n`).join('')}
To have the database as broker, leave all of \`TAPIS_QUEUE_...\` out. These have no use here, and a start says so in one line:
${WITHOUT_USE.map((name) => `\`${name}\``).join(', ')}.
`

process.exitCode = await main(process.argv.slice(2))

/** Answers the exit code: 0 done, 1 the page is out of date, 2 wrong arguments. */
async function main(args: readonly string[]): Promise<number> {
  const { values, positionals, faults } = readCommandLine(args, OPTIONS, () => undefined)
  if (values.has('help')) {
    process.stdout.write(HELP)
    return 0
  }
  const [page = PAGE, ...others] = positionals
  if (faults.length > 0 || others.length > 0 || (positionals.length > 0 && !values.has('check'))) {
    process.stderr.write(faults.map((fault) => `config-docs: ${fault}\n`).join('') + HELP)
    return 2
  }
  const text = HEAD + Object.entries(VARIABLES).map(([name, spec]) => toRow(name, spec)).join('') + ORIGINAL
  if (!values.has('check')) {
    await writeFile(page, text)
    return 0
  }
  if ((await readFile(page, 'utf8')) === text) return 0
  process.stderr.write(`${page} is out of date: npm run config-docs\n`)
  return 1
}

type Spec = ValidatorSpec<unknown> & { readonly default?: unknown }

function toRow(name: string, spec: Spec): string {
  const cells = [`\`${name}\``, defaultOf(spec), acceptedBy(name, spec), spec.desc ?? '']
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
}

function defaultOf({ default: value }: Spec): string {
  if (value === undefined) return ''
  return `\`${typeof value === 'string' ? value : JSON.stringify(value).replace(/[[\]]/g, '')}\``
}

/** What the check itself says when it refuses, so that page and check cannot differ. */
function acceptedBy(name: string, spec: Spec): string {
  if (spec.choices) return spec.choices.map((choice) => `\`${String(choice)}\``).join(', ')
  let refusal: string | undefined
  cleanEnv({ [name]: NONSENSE }, { [name]: spec }, {
    reporter: ({ errors }) => {
      refusal = errors[name]?.message
    },
  })
  if (refusal === undefined) return 'any text'
  return refusal.replace(/^must be /, '').replace(/^not a CIDR block.*/s, 'CIDR blocks')
}
