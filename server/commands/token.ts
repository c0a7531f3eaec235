import '../runtime/preload.ts'
import { developmentLists } from '../api/auth/tenants/tenants-development-source.ts'
import { DEFAULT_TTL_S, mintDevelopmentToken, type TokenHolder } from '../api/auth/development-token.ts'
import { BASE_PATH } from '@tidings/contract/base-path.ts'
import { readConfig } from '../config/config.ts'
import { readCommandLine } from '../runtime/command-line.ts'
import { tokenCommand } from './token-command.ts'

const MAX_TTL_S = 31_536_000 // a year
const TENANTS = ['dev', 'admin']
const NAME = /^[\w.@+-]+$/ // so that the printed example can be pasted into a shell

const HELP = `Mints a development token and prints it, and nothing else, on standard output.

  npm run --silent token -- --service jobs --tenant dev
  npm run --silent token -- --user jdoe --tenant dev
  npm run --silent token -- --tenants-file

  --service NAME   a token of the service NAME, which belongs to the tenant admin
  --user NAME      a token of the user NAME of the tenant dev
  --tenant NAME    the user's tenant, or the tenant that the service acts for (default dev)
  --ttl-s SECONDS  how long the token is valid (default ${DEFAULT_TTL_S}, at most ${MAX_TTL_S})
  --tenants-file   prints a TENANTS_FILE with which these tokens are valid, to try several processes together.
                   Whoever can read the development keys can then act as anybody: never use it at a site
  --help           this text
`

const OPTIONS = {
  service: { type: 'string' },
  user: { type: 'string' },
  tenant: { type: 'string' },
  'ttl-s': { type: 'string' },
  'tenants-file': { type: 'boolean' },
  help: { type: 'boolean' },
} as const

interface TokenRequest {
  readonly holder: TokenHolder
  readonly tenant: string
  readonly ttlS: number
}

process.exitCode = await main(process.argv.slice(2))

/** Returns the exit code: 0 done, 1 nothing may or can be minted, 2 wrong arguments. */
async function main(args: readonly string[]): Promise<number> {
  const { values, violations: ofLine } = readCommandLine(args, OPTIONS)
  if (values.has('help')) {
    process.stdout.write(HELP)
    return 0
  }
  const violations = [...ofLine]
  const request = values.has('tenants-file') ? undefined : readRequest(values, violations)
  if (!request && values.size > 1) violations.push('--tenants-file cannot be combined with other options')
  if (violations.length > 0) {
    process.stderr.write(`${violations.map((violation) => `token: ${violation}`).join('\n')}\n\n${HELP}`)
    return 2
  }
  try {
    const config = readConfig(process.env)
    if (!request) {
      process.stdout.write(`${JSON.stringify(await developmentLists(config), null, 2)}\n`)
      return 0
    }
    const token = await mintDevelopmentToken(config, request.holder, { ttlS: request.ttlS })
    process.stderr.write(hints(request, config.port))
    process.stdout.write(`${token}\n`)
    return 0
  } catch (error) {
    // the end of the program: say it in one sentence
    process.stderr.write(`token: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

function readRequest(
  values: ReadonlyMap<keyof typeof OPTIONS, string | undefined>,
  violations: string[],
): TokenRequest {
  const service = values.get('service')
  const user = values.get('user')
  const tenant = values.get('tenant') ?? 'dev'
  const ttlS = Number(values.get('ttl-s') ?? DEFAULT_TTL_S)
  if (values.has('service') === values.has('user')) violations.push('give either --service or --user')
  if (![service, user].every((name) => name === undefined || NAME.test(name)))
    violations.push('--service, --user: a name may have only letters, digits and . _ @ + -')
  if (!TENANTS.includes(tenant))
    violations.push(`--tenant: there is no tenant ${tenant}; choose ${TENANTS.join(' or ')}`)
  if (user !== undefined && tenant === 'admin') violations.push('--tenant: the tenant admin is for services only')
  if (!Number.isInteger(ttlS) || ttlS < 1 || ttlS > MAX_TTL_S)
    violations.push(`--ttl-s: must be a whole number from 1 to ${MAX_TTL_S}`)
  const holder: TokenHolder =
    service !== undefined ? { kind: 'service', name: service } : { kind: 'user', name: user ?? '' }
  return { holder, tenant, ttlS }
}

function hints({ holder, tenant, ttlS }: TokenRequest, port: number): string {
  const isService = holder.kind === 'service'
  const extra = isService ? ` \\\n    -H 'X-Tapis-User: jdoe' -H 'X-Tapis-Tenant: ${tenant}'` : ''
  const rule = isService
    ? `Send it with X-Tapis-Tenant: ${tenant} and X-Tapis-User: the user of ${tenant} that the service acts for.`
    : 'Send it without X-Tapis-Tenant and X-Tapis-User; those are for services.'
  const what = `A development token of the ${holder.kind} ${holder.name}, valid for ${ttlS} s`
  return `${what}. Send it in the header X-Tapis-Token.
${rule}

  TOKEN=$(${tokenCommand(`--${holder.kind} ${holder.name} --tenant ${tenant}`)})
  curl -H "X-Tapis-Token: $TOKEN"${extra} \\
    http://127.0.0.1:${port}${BASE_PATH}/subscriptions

`
}
