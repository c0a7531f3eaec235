import type { TokenHolder } from '@tidings/server/api/auth/development-token.ts'
import type { FuzzRequest } from './requests.ts'

/** The headers of each caller, with tokens of the development keys. */
export async function fuzzCallers(
  tokenOf: (holder: TokenHolder) => Promise<string>,
): Promise<Readonly<Record<FuzzRequest['caller'], Readonly<Record<string, string>>>>> {
  const service = async (name: string, user: string) => ({
    'x-tapis-token': await tokenOf({ kind: 'service', name }),
    'x-tapis-user': user,
    'x-tapis-tenant': 'dev',
  })
  const user = async (name: string) => ({ 'x-tapis-token': await tokenOf({ kind: 'user', name }) })
  return {
    service: await service('jobs', 'jdoe'),
    'other service': await service('systems', 'eve'),
    jdoe: await user('jdoe'),
    eve: await user('eve'),
    nobody: {},
    garbage: { 'x-tapis-token': 'a.b.c' },
  }
}
