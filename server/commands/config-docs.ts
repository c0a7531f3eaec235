import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { cleanEnv, type ValidatorSpec } from 'envalid'
import { VARIABLE_SECTIONS } from '../config/variables.ts'
import { TRANSLATED_NAMES, IGNORED_NAMES } from '../config/tapis-variables.ts'
import { readCommandLine } from '../runtime/command-line.ts'

const PAGE = fileURLToPath(new URL('../../docs/config.md', import.meta.url))
/** Nothing that any variable with limits accepts. */
const NONSENSE = '\u0001'

const HELP = `Writes docs/config.md. With --check [FILE] it only compares, and exits with 1 when the page, or FILE, is
out of date.

  npm run config-docs [-- --check [FILE]]
`

const OPTIONS = { check: { type: 'boolean' }, help: { type: 'boolean' } } as const

const HEAD = `# Configuration

Made by \`npm run config-docs\` from \`server/config/\` and \`server/commands/config-docs.ts\`; edits here are lost.

The service reads these environment variables. One that is empty or blank counts as not set. A wrong value stops the
start: all errors are reported at once on standard error, and the exit code is 1. A name that is one or two letters away
from one of these, or in lower case, stops the start too: it is probably a misspelling. Other names that begin with
\`TIDINGS_\` or \`TAPIS_NTF_\` are reported in a warning. Variables that Kubernetes sets for each service of a namespace
(\`TIDINGS_API_SERVICE_HOST\`, \`DATABASE_PORT=tcp://...\`) are ignored, also where they have a name of these tables.

Without \`TENANTS_FILE\` and \`TAPIS_TENANT_SVC_BASEURL\` the service runs in development mode: it makes its own
keys and tenants, and listens on loopback addresses only.
`

const TABLE_HEAD = `| Variable | Default | Accepts | Meaning |
|---|---|---|---|
`

const ORIGINAL = `
## Names of Tapis Notifications

The variables that the Tapis deployer sets for the Java service work as they are. The names above take precedence: if
one of them is set as well, the values must agree, or the service does not start and reports both names. Half a login,
or a login without a host, is rejected too. \`tapis.db.user\` is read as \`TAPIS_DB_USER\`, and so on.

| Name | becomes |
|---|---|
${Object.entries(TRANSLATED_NAMES)
  .map(([name, meaning]) => `| \`${name}\` | ${meaning} |\n`)
  .join('')}
To use the database as broker, leave all of \`TAPIS_QUEUE_...\` out. These have no use here, and a start logs them in
one line:
${wrapped(`${IGNORED_NAMES.map((name) => `\`${name}\``).join(', ')}.`)}
`

process.exitCode = await main(process.argv.slice(2))

/** Breaks a text at blanks, so that no line has more than 120 columns. */
function wrapped(text: string): string {
  return text.replace(/(.{1,120})(?: |$)/g, '$1\n').trimEnd()
}

/** Returns the exit code: 0 done, 1 the page is out of date, 2 wrong arguments. */
async function main(args: readonly string[]): Promise<number> {
  const { values, positionals, violations } = readCommandLine(args, OPTIONS, () => undefined)
  if (values.has('help')) {
    process.stdout.write(HELP)
    return 0
  }
  const [page = PAGE, ...others] = positionals
  if (violations.length > 0 || others.length > 0 || (positionals.length > 0 && !values.has('check'))) {
    process.stderr.write(violations.map((violation) => `config-docs: ${violation}\n`).join('') + HELP)
    return 2
  }
  const text = HEAD + Object.entries(VARIABLE_SECTIONS).map(toSection).join('') + ORIGINAL
  if (!values.has('check')) {
    await writeFile(page, text)
    return 0
  }
  if ((await readFile(page, 'utf8')) === text) return 0
  process.stderr.write(`${page} is out of date: npm run config-docs\n`)
  return 1
}

function toSection([title, variables]: [title: string, variables: Readonly<Record<string, Spec>>]): string {
  const rows = Object.entries(variables).map(([name, spec]) => toRow(name, spec))
  return `\n## ${title}\n\n${TABLE_HEAD}${rows.join('')}`
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

/** Returns what the check itself says when it rejects a value, so that page and check cannot differ. */
function acceptedBy(name: string, spec: Spec): string {
  if (spec.choices) return spec.choices.map((choice) => `\`${String(choice)}\``).join(', ')
  let rule: string | undefined
  cleanEnv(
    { [name]: NONSENSE },
    { [name]: spec },
    {
      reporter: ({ errors }) => {
        rule = errors[name]?.message
      },
    },
  )
  if (rule === undefined) return 'any text'
  return rule.replace(/^must be /, '').replace(/^not a CIDR block.*/s, 'CIDR blocks')
}
