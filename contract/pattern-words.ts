/** What a text must be whose schema has a pattern, in words. `text` is judged, never repeated. */
type Words = (text: string, pattern: string) => string

/** By the name of the member. Short: what is shown of a fault ends after 200 characters. */
const WORDS: Readonly<Record<string, Words>> = {
  type: (text) => `must be service.category.detail${seen([sections(text), blank(text), text.includes('*') ? 'a *, which is for filters' : ''])}: a-z, then twice a letter with letters, digits, - _ ~`,
  typeFilter: (text) => `must be service.category.detail, like jobs.*.*${seen([sections(text), blank(text)])}: a-z, then twice * or a letter with letters, digits, - _ ~`,
  name: (text, pattern) => `must begin with a letter or digit and go on with letters, digits${marks(pattern)}${seen([blank(text)])}`,
}

/** The sentence for a member; undefined when there is none, and the pattern must speak for itself. */
export const patternWords = (member: string, pattern: string, text: unknown): string | undefined =>
  Object.hasOwn(WORDS, member) && typeof text === 'string' ? WORDS[member]?.(text, pattern) : undefined

function seen(oddities: readonly string[]): string {
  const all = oddities.filter((oddity) => oddity !== '')
  return all.length === 0 ? '' : ` (it has ${all.join(' and ')})`
}

function sections(text: string): string {
  const count = text.split('.', 10).length
  return count === 3 ? '' : count === 1 ? 'one section' : count === 10 ? 'many sections' : `${count} sections`
}

const blank = (text: string) => (/\s/.test(text) ? 'a blank' : '')

/** The characters that a pattern like `[a-zA-Z0-9._~-]*$` allows beside letters and digits. */
function marks(pattern: string): string {
  const others = /\[a-zA-Z0-9([^\]]*)\]\*\$$/.exec(pattern)?.[1]?.replaceAll('\\', '') ?? ''
  return others === '' ? '' : ` and ${others.split('').join(' ')}`
}
