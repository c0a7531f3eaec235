import { codeWordsIn } from './markdown.ts'

const EXTENSION = /\w\.(?:ts|js|cjs|sql|md|json|ya?ml|py)$/
const PATH = /^[\w.@<>*{},-]+(?:\/[\w.@<>*{},-]+)*\/?$/
const PUNCTUATION = /^[("'`]+|[)"'`,;:]+$|(?<!\.)\.$/g

export interface NamedPath {
  readonly line: number
  readonly path: string
}

/**
 * Returns the paths that a page names in code: what begins with one of the folders of the root, and names of files with
 * an extension of ours. `*`, `<area>` and `NNNN` stand for any text without a slash, `{a,b}` for either.
 */
export function pathsNamedIn(page: string, rootFolders: ReadonlySet<string>): NamedPath[] {
  return codeWordsIn(page)
    .map(({ line, word }) => ({ line, path: word.replaceAll(PUNCTUATION, '').replace(/^\.{1,3}\//, '') }))
    .filter(({ path }) => PATH.test(path))
    .filter(({ path }) => EXTENSION.test(path) || (path.includes('/') && rootFolders.has(path.split('/')[0] ?? '')))
}

const COMMENT = /^\s*(?:\/?\*+|\/\/|--)\s?(.*)$|\s\/\/ (.*)$/
const FILE = /^[\w.-]+(?:\/[\w.-]+)*\.(?:ts|sql|md|cjs)$/

/** Returns the files that the comments of a source file name, in code or not. */
export const filesNamedInComments = (source: string): NamedPath[] =>
  source.split('\n').flatMap((text, index) => {
    const [, whole, behind] = COMMENT.exec(text) ?? []
    return (whole ?? behind ?? '')
      .split(/[\s,]+/)
      .map((word) => word.replaceAll(PUNCTUATION, '').replace(/^\.{1,3}\//, ''))
      .filter((path) => FILE.test(path))
      .map((path) => ({ line: index + 1, path }))
  })

/**
 * Tells whether a named path is there. A path that begins with a folder of the root is a whole one, of a file or a
 * folder; any other may be the end of one, as `retention.ts` and `webhook/retry-after.ts` are.
 */
export function isPathThere(path: string, paths: readonly string[], rootFolders: ReadonlySet<string>): boolean {
  const isWhole = path.includes('/') && rootFolders.has(path.split('/')[0] ?? '')
  const pattern = patternOf(path.replace(/\/$/, ''))
  const expected = new RegExp(isWhole ? `^${pattern}$` : `(?:^|/)${pattern}$`)
  return paths.some((there) => expected.test(there))
}

/** Returns the names of the scripts that a page runs with `npm run`. */
export const scriptsNamedIn = (page: string): string[] => [
  ...new Set([...page.matchAll(/\bnpm run(?: --?silent| -s)? ([\w:-]+)/g)].map(([, name = '']) => name)),
]

const patternOf = (path: string): string =>
  path
    .replaceAll(/[.+^$()|[\]\\]/g, '\\$&')
    .replaceAll(/\{([^}]*)\}/g, (_, list: string) => `(?:${list.replaceAll(',', '|')})`)
    .replaceAll('**', '.+')
    .replaceAll(/\*|<[^>]*>|NNNN/g, '[^/]*')
