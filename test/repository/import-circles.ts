import { posix } from 'node:path'
import { readRepositoryText, repositoryFiles } from './repository-files.ts'

/** `import ... from`, `export ... from` and `import '...'` at the beginning of a line, and `import('...')` anywhere. */
const IMPORT = /^(?:import|export)\b[^'"`;]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm

/** The files of the repository that each file imports, by path from the root. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>

/** Reads the imports of all TypeScript files: of values and of types, re-exports, and import(). */
export const readImportGraph = (): ImportGraph =>
  new Map(
    repositoryFiles()
      .filter((file) => file.endsWith('.ts'))
      .map((file) => [file, importsOf(file, readRepositoryText(file))]),
  )

/** Returns the files of the repository that the text of a file imports. */
export const importsOf = (file: string, text: string): string[] =>
  [...text.matchAll(IMPORT)]
    .map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '')
    .filter((specifier) => specifier.endsWith('.ts'))
    .flatMap((specifier) => {
      if (specifier.startsWith('@tidings/')) return [specifier.slice('@tidings/'.length)]
      return specifier.startsWith('.') ? [posix.join(posix.dirname(file), specifier)] : []
    })

/**
 * Returns the circles of a graph: the groups of files that reach each other, and the files that import themselves
 * (strongly connected components, by Tarjan's algorithm). Each is sorted.
 */
export function findCircles(graph: ImportGraph): string[][] {
  const found: string[][] = []
  const indexes = new Map<string, number>()
  const stack: string[] = []
  const onStack = new Set<string>()

  /** Returns the least index that the file reaches. */
  function visit(file: string): number {
    const index = indexes.size
    let least = index
    indexes.set(file, index)
    stack.push(file)
    onStack.add(file)
    for (const imported of graph.get(file) ?? []) {
      const known = indexes.get(imported)
      if (known === undefined) least = Math.min(least, visit(imported))
      else if (onStack.has(imported)) least = Math.min(least, known)
    }
    if (least === index) {
      const group = stack.splice(stack.lastIndexOf(file))
      for (const member of group) onStack.delete(member)
      if (group.length > 1 || graph.get(file)?.includes(file)) found.push(group.sort())
    }
    return least
  }

  for (const file of graph.keys()) if (!indexes.has(file)) visit(file)
  return found
}
