/** What a text must be whose schema has a pattern, for people, by the name of its member. The patterns stay what decides. */
type Words = (text: string, pattern: string) => string

const WORDS: Readonly<Record<string, Words>> = {
  type: (text) => `must be service.category.detail, like jobs.JOB_NEW_STATUS.RUNNING: the service in small letters, the others of letters, digits, - _ and ~, a letter first${typeHints(text)}${text.includes('*') ? '; * stands in filters only' : ''}`,
  typeFilter: (text) => `must be service.category.detail, like jobs.JOB_NEW_STATUS.* or jobs.*.*: the service in small letters, the others * for any, or of letters, digits, - _ and ~, a letter first${typeHints(text)}`,
  name: (text, pattern) => `must begin with a letter or a digit, and have no others than letters, digits${marksOf(pattern)}${blankHint(text)}`,
}

/** The sentence of a member; undefined when there is none, and the pattern must speak for itself. Nothing of the text is repeated. */
export const patternWords = (member: string, pattern: string, text: unknown): string | undefined =>
  Object.hasOwn(WORDS, member) && typeof text === 'string' ? WORDS[member]?.(text, pattern) : undefined

function typeHints(text: string): string {
  const sections = text.split('.', 10).length
  return `${sections === 3 ? '' : `; it has ${sections === 1 ? '1 section' : sections === 10 ? '10 sections or more' : `${sections} sections`} in place of 3`}${blankHint(text)}`
}

const blankHint = (text: string) => (/\s/.test(text) ? '; it has a blank' : '')

/** The characters that a pattern like `[a-zA-Z0-9._~-]*$` allows beside letters and digits. */
function marksOf(pattern: string): string {
  const marks = /\[a-zA-Z0-9([^\]]*)\]\*\$$/.exec(pattern)?.[1]?.replaceAll('\\', '') ?? ''
  return marks === '' ? '' : ` and ${marks.split('').join(' ')}`
}
