import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { EmbeddedServerError } from './embedded-server-error.ts'
import { runProgram, type RunUser } from './run-program.ts'

export const isRoot = () => process.getuid?.() === 0

/**
 * PostgreSQL refuses to run as root, and initdb refuses a uid without a passwd entry. So root gets an account of the
 * system, `nobody` if there is one; everybody else gets undefined, their own account.
 */
export async function chooseRunUser(): Promise<RunUser | undefined> {
  if (!isRoot()) {
    rejectUnnamedUser()
    return undefined
  }
  const user = pickRunUser(await readFile('/etc/passwd', 'utf8').catch(() => ''))
  if (!user)
    throw new EmbeddedServerError(
      'PostgreSQL does not run as root, and /etc/passwd has no other account to run it as; ' +
        'start as another user, or set DATABASE_URL',
    )
  return user
}

/**
 * A container may run under any number (`--user`, OpenShift). Asked only when a cluster is made; to run one takes no
 * name.
 */
function rejectUnnamedUser(): void {
  try {
    userInfo()
  } catch (error) {
    throw new EmbeddedServerError(
      `The uid ${String(process.getuid?.())} has no name on this system, and initdb needs one: ` +
        'add a line for it to /etc/passwd, start as another user, or set DATABASE_URL',
      { cause: error },
    )
  }
}

/**
 * True when the user can make this directory its working directory: asked of the system itself, which knows about
 * modes, ACLs and mounts.
 */
export async function canEnter(user: RunUser, directory: string): Promise<boolean> {
  return runProgram('/bin/sh', ['-c', 'cd -- "$1"', 'sh', directory], user).then(
    () => true,
    () => false,
  )
}

/** `nobody`, else the last account that is not root. */
function pickRunUser(passwd: string): RunUser | undefined {
  const accounts = passwd
    .split('\n')
    .map(toAccount)
    .filter((account) => account.uid > 0 && account.gid > 0)
  const account = accounts.find(({ name }) => name === 'nobody') ?? accounts.at(-1)
  return account && { uid: account.uid, gid: account.gid }
}

function toAccount(line: string) {
  const [name, , uid, gid] = line.split(':')
  return { name, uid: Number(uid), gid: Number(gid) }
}
