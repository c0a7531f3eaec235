/** Says in words what a text must be whose schema has a pattern. `text` is examined, never repeated. */
type Describe = (text: string, pattern: string) => string

/** By the name of the member. Short: only 200 characters of a violation are displayed. */
const DESCRIPTIONS: Readonly<Record<string, Describe>> = {
  type: (text) =>
    'must be service.category.detail' +
    seen([sections(text), blank(text), text.includes('*') ? 'a *, which only filters may have' : '']) +
    ': a-z, then twice a letter followed by letters, digits, - _ ~',
  typeFilter: (text) =>
    'must be service.category.detail, like jobs.*.*' +
    seen([sections(text), blank(text)]) +
    ': a-z, then twice * or a letter followed by letters, digits, - _ ~',
  idempotencyKey: () => 'must be 1 to 255 printable ASCII characters',
  name: (text, pattern) =>
    `must begin with a letter or digit, followed by letters, digits${marks(pattern)}${seen([blank(text)])}`,
}

/** Returns the sentence for a member; undefined when there is none, and the pattern has to explain itself. */
export const describePattern = (member: string, pattern: string, text: unknown): string | undefined =>
  Object.hasOwn(DESCRIPTIONS, member) && typeof text === 'string' ? DESCRIPTIONS[member]?.(text, pattern) : undefined

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
