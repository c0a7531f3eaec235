import { pageLines } from './markdown.ts'

/**
 * Returns the texts in code that the tables of a page have in their column `log` or `message`. `...` and a number in
 * parentheses are left in.
 */
export function logMessagesIn(page: string): { line: number; message: string }[] {
  let column = -1
  return pageLines(page).flatMap(({ number, text, isCode }) => {
    if (isCode || !text.startsWith('|')) {
      column = -1
      return []
    }
    const cells = text.split('|').map((cell) => cell.trim())
    if (column === -1) {
      column = cells.findIndex((cell) => cell === 'log' || cell === 'message')
      if (column === -1) column = cells.length // a table without such a column
      return []
    }
    return [...(cells[column] ?? '').matchAll(/`([^`]+)`/g)].map(([, message = '']) => ({ line: number, message }))
  })
}

/**
 * Tells whether a message is in the sources: each part between `...` is there. Texts that the sources join by `+` over
 * several lines count as one.
 */
export function isLogged(message: string, sources: string): boolean {
  return message
    .split('...')
    .map((part) => part.trim())
    .every((part) => sources.includes(part))
}

/** Joins texts that a source concatenates over several lines. */
export const withoutConcatenation = (source: string): string => source.replaceAll(/['`]\s*\+\s*\n\s*['`]/g, '')
