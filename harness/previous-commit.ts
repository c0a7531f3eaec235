import { execFile } from 'node:child_process'
import { mkdir, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const OUR_ROOT = fileURLToPath(new URL('..', import.meta.url))
/** Packages of this repository: of these the older tree has its own. */
const OUR_SCOPE = '@tidings'

const run = promisify(execFile)

/** Whether this clone has a commit before the present one; a shallow clone has not. */
export const hasPreviousCommit = () => run('git', ['rev-parse', '--verify', '--quiet', 'HEAD~1^{commit}'], { cwd: OUR_ROOT }).then(() => true, () => false)

/**
 * Puts the sources of the commit before the present one into this directory, which it makes, with the dependencies that
 * are installed here. Answers its root, for `startService`.
 */
export async function extractPreviousCommit(directory: string): Promise<string> {
  await mkdir(directory)
  const archive = `${directory}.tar`
  await run('git', ['archive', '--output', archive, 'HEAD~1'], { cwd: OUR_ROOT })
  await run('tar', ['-x', '-f', archive, '-C', directory])
  await linkDependencies(directory)
  return directory
}

async function linkDependencies(root: string): Promise<void> {
  const [theirs, ours] = [join(root, 'node_modules'), join(OUR_ROOT, 'node_modules')]
  await mkdir(join(theirs, OUR_SCOPE), { recursive: true })
  for (const name of await readdir(ours)) if (name !== OUR_SCOPE) await symlink(join(ours, name), join(theirs, name))
  for (const name of await readdir(join(ours, OUR_SCOPE))) await symlink(join(root, name), join(theirs, OUR_SCOPE, name))
}
