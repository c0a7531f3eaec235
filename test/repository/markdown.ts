/** A line of a page, with its number from 1. */
export interface PageLine {
  readonly number: number
  readonly text: string
  /** Inside a fenced code block, or one of its fences. */
  readonly isCode: boolean
}

export interface PageLink {
  readonly line: number
  /** As written: `../README.md#use-it`, `#use-it`, `https://...`. */
  readonly target: string
}

const FENCE = /^\s*(`{3,}|~{3,})/
const INLINE_CODE = /(`+)(.+?)\1/g
const LINK = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g
const HEADING = /^#{1,6}\s+(.*?)\s*#*$/

/** Returns the lines of a page. A fence ends at the next one of the same kind. */
export function pageLines(page: string): PageLine[] {
  let fence = ''
  return page.split('\n').map((text, index) => {
    const mark = FENCE.exec(text)?.[1]?.slice(0, 3) ?? ''
    const isCode = fence !== '' || mark !== ''
    if (mark !== '' && fence === '') fence = mark
    else if (mark === fence) fence = ''
    return { number: index + 1, text, isCode }
  })
}

/** Returns the links of a page. Code, inline or fenced, has none. */
export const linksIn = (page: string): PageLink[] =>
  pageLines(page)
    .filter(({ isCode }) => !isCode)
    .flatMap(({ number, text }) =>
      [...text.replaceAll(INLINE_CODE, '``').matchAll(LINK)].map(([, target = '']) => ({ line: number, target })),
    )

/**
 * Returns the anchors that GitHub gives the headings of a page: lower case, punctuation dropped, a hyphen for each
 * blank. The second heading of the same text gets `-1`, the third `-2`.
 */
export function anchorsIn(page: string): Set<string> {
  const counts = new Map<string, number>()
  const anchors = new Set<string>()
  for (const { text, isCode } of pageLines(page)) {
    const heading = isCode ? undefined : HEADING.exec(text)?.[1]
    if (heading === undefined) continue
    const slug = slugOf(heading)
    const count = counts.get(slug) ?? 0
    counts.set(slug, count + 1)
    anchors.add(count === 0 ? slug : `${slug}-${count}`)
  }
  return anchors
}

/** Returns the words in code of a page, inline and fenced, each with its line. */
export const codeWordsIn = (page: string): { line: number; word: string }[] =>
  pageLines(page).flatMap(({ number, text, isCode }) => {
    const code = isCode ? [text] : [...text.matchAll(INLINE_CODE)].map(([, , inner = '']) => inner)
    return code.flatMap((piece) => piece.split(/\s+/)).map((word) => ({ line: number, word }))
  })

const slugOf = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-')
