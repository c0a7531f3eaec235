import { execFile } from 'node:child_process'
import { mkdir, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const OUR_ROOT = fileURLToPath(new URL('..', import.meta.url))
/** The scope of this repository's own packages: the older tree has its own copies of them. */
const OUR_SCOPE = '@tidings'

const run = promisify(execFile)

/** Returns whether this clone has a revision: a tag, a commit. */
export const hasRevision = (revision: string) =>
  run('git', ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`], { cwd: OUR_ROOT }).then(
    () => true,
    () => false,
  )

/** Came with this release: lanes without rows, which the former one would overlook. */
const FIRST_OF_THIS_RELEASE = 'server/lanes/lane-memory.ts'

/** Returns the last revision of the former release; undefined in a shallow clone. */
export async function formerRelease(): Promise<string | undefined> {
  const { stdout } = await run(
    'git',
    ['log', '--diff-filter=A', '--format=%H', '--reverse', '--', FIRST_OF_THIS_RELEASE],
    { cwd: OUR_ROOT },
  )
  const [added = ''] = stdout.split('\n')
  return added !== '' && (await hasRevision(`${added}~1`)) ? `${added}~1` : undefined
}

/**
 * Extracts the sources of a revision into a directory that it creates, and links the dependencies installed here.
 * Returns the root of the tree, for `startService`. Rejects if this clone lacks the revision.
 */
export async function extractRevision(directory: string, revision: string): Promise<string> {
  await mkdir(directory)
  const archive = `${directory}.tar`
  await run('git', ['archive', '--output', archive, revision], { cwd: OUR_ROOT })
  await run('tar', ['-x', '-f', archive, '-C', directory])
  await linkDependencies(directory)
  return directory
}

/** Gives a tree of this repository the dependencies that are installed here, and its own packages. */
export async function linkDependencies(root: string): Promise<void> {
  const [theirs, ours] = [join(root, 'node_modules'), join(OUR_ROOT, 'node_modules')]
  await mkdir(join(theirs, OUR_SCOPE), { recursive: true })
  for (const name of await readdir(ours)) if (name !== OUR_SCOPE) await symlink(join(ours, name), join(theirs, name))
  for (const name of await readdir(join(ours, OUR_SCOPE)))
    await symlink(join(root, name), join(theirs, OUR_SCOPE, name))
}
