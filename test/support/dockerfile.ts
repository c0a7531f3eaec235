import { copyFile, mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export const readRepositoryFile = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8')

/** One line of a Dockerfile, continued lines joined. */
export interface Instruction {
  readonly name: string
  /** As written. */
  readonly text: string
  /** The words of the exec form; undefined in the shell form. */
  readonly exec: readonly string[] | undefined
}

export function parseDockerfile(text: string): Instruction[] {
  const lines = text
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
  return lines.map((line) => {
    const [, name = '', rest = ''] = /^\s*(\w+)\s+(.*)$/.exec(line) ?? []
    return { name: name.toUpperCase(), text: rest, exec: execOf(rest) }
  })
}

function execOf(text: string): readonly string[] | undefined {
  const [list] = /\[.*\]$/.exec(text) ?? []
  return list === undefined ? undefined : (JSON.parse(list) as readonly string[])
}

/** What is copied from the checkout, by the COPYs without `--from`. */
export function copiesOf(
  instructions: readonly Instruction[],
): { readonly sources: readonly string[]; readonly target: string }[] {
  return instructions
    .filter(({ name, text }) => name === 'COPY' && !text.includes('--from='))
    .map(({ text }) => {
      const words = text.split(/\s+/)
      return { sources: words.slice(0, -1), target: words.at(-1) ?? '' }
    })
}

/** What is copied out of another stage: its paths below the working directory, which all stages share. */
export function copiesFrom(
  stage: string,
  instructions: readonly Instruction[],
): { readonly source: string; readonly target: string }[] {
  return instructions
    .filter(({ name, text }) => name === 'COPY' && text.startsWith(`--from=${stage} `))
    .map(({ text }) => {
      const [, source = '', target = ''] = text.split(/\s+/)
      return { source: source.replace(/^\/app\//, ''), target }
    })
}

/** Whether a `.dockerignore` leaves this path out: the last rule counts that matches it or a folder above it. */
export function createDockerIgnore(text: string): (path: string) => boolean {
  const rules = text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const isKept = line.startsWith('!')
      return { isKept, pattern: regExpOf(isKept ? line.slice(1) : line) }
    })
  return (path) => {
    const parts = path.split('/')
    const withParents = parts.map((_, index) => parts.slice(0, index + 1).join('/'))
    return rules.findLast(({ pattern }) => withParents.some((each) => pattern.test(each)))?.isKept === false
  }
}

function regExpOf(pattern: string): RegExp {
  const text = pattern
    .trim()
    .split(/(\*\*\/|\*\*|\*)/)
    .map((part) => {
      if (part === '**/') return '(?:.*/)?'
      if (part === '**') return '.*'
      return part === '*' ? '[^/]*' : part.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    })
  return new RegExp(`^${text.join('')}$`)
}

/** Every file at or below the path that goes into the build. */
export async function filesOf(source: string, isIgnored: (path: string) => boolean): Promise<string[]> {
  if (isIgnored(source)) return []
  const path = join(ROOT, source)
  if (!(await stat(path)).isDirectory()) return [source]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((file) => !isIgnored(file))
}

/** Does to an empty directory what the COPYs do to the image. */
export async function copyInto(
  directory: string,
  instructions: readonly Instruction[],
  isIgnored: (path: string) => boolean,
): Promise<void> {
  for (const { sources, target } of copiesOf(instructions)) {
    for (const source of sources) {
      const isFolder = (await stat(join(ROOT, source))).isDirectory()
      for (const file of await filesOf(source, isIgnored)) {
        const to = join(directory, target, isFolder ? relative(source, file) : (file.split('/').at(-1) ?? ''))
        await mkdir(dirname(to), { recursive: true })
        await copyFile(join(ROOT, file), to)
      }
    }
  }
}
