import { posix } from 'node:path'
import { anchorsIn, linksIn } from './markdown.ts'

/** Pages by path, and the paths of everything that a link may lead to, folders too. */
export interface LinkTargets {
  readonly pages: ReadonlyMap<string, string>
  readonly paths: ReadonlySet<string>
}

const EXTERNAL = /^[a-z][a-z0-9+.-]*:/i

/** Returns the folders of the files, without a slash at the end. */
export const foldersOf = (files: readonly string[]): string[] => [...new Set(files.flatMap((file) => parentsOf(file)))]

/**
 * Names each link that leads nowhere, as `page:line: target`: a relative link to no file, or a fragment that is no
 * heading of its page. Addresses with a scheme are not looked at.
 */
export function deadLinks({ pages, paths }: LinkTargets): string[] {
  return [...pages].flatMap(([page, text]) =>
    linksIn(text)
      .filter(({ target }) => !EXTERNAL.test(target) && !leadsSomewhere(page, target))
      .map(({ line, target }) => `${page}:${line}: ${target}`),
  )

  function leadsSomewhere(page: string, target: string): boolean {
    const [path = '', fragment] = target.split('#')
    const file = path === '' ? page : posix.normalize(posix.join(posix.dirname(page), path)).replace(/\/$/, '')
    if (!paths.has(file)) return false
    const text = pages.get(file)
    return fragment === undefined || (text !== undefined && anchorsIn(text).has(fragment))
  }
}

function parentsOf(file: string): string[] {
  const parent = posix.dirname(file)
  return parent === '.' ? ['.'] : [parent, ...parentsOf(parent)]
}
