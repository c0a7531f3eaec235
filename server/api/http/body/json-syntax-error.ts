/**
 * Returns where and why a text is not JSON (RFC 8259), in words that quote nothing of it; undefined when it is JSON.
 * For texts that a parser has rejected: the messages of JavaScript itself quote the input, and not all of them say
 * where. Each level of nesting is one call.
 */
export function jsonSyntaxError(text: string): string | undefined {
  const end = value(text, 0)
  const at = typeof end === 'number' ? skipBlanks(text, end) : end
  if (typeof at !== 'number')
    return at.at >= text.length
      ? `it ends before it is complete, after ${text.length} characters`
      : `${at.expected} expected at ${placeOf(text, at.at)}`
  return at < text.length ? `end of text expected at ${placeOf(text, at)}` : undefined
}

interface ParseError {
  readonly at: number
  readonly expected: string
}

/** The place behind what was read. */
type ParseEnd = number | ParseError

const parseError = (at: number, expected: string): ParseError => ({ at, expected })

function placeOf(text: string, at: number): string {
  let line = 1
  let start = 0
  for (let end = text.indexOf('\n'); end >= 0 && end < at; end = text.indexOf('\n', start)) {
    line += 1
    start = end + 1
  }
  return `position ${at} (line ${line}, column ${at - start + 1})`
}

const BLANK = /[ \t\n\r]*/y
const WORD = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

/** Returns the place behind what a pattern matches at `at`; `at` itself when it does not match. */
function behind(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}

const skipBlanks = (text: string, at: number) => behind(BLANK, text, at)

function value(text: string, before: number): ParseEnd {
  const at = skipBlanks(text, before)
  if (text[at] === '"') return textEnd(text, at)
  if (text[at] === '{') return sequence(text, at, '}', member)
  if (text[at] === '[') return sequence(text, at, ']', value)
  const end = behind(WORD, text, at)
  return end > at ? end : parseError(at, 'a value')
}

function sequence(
  text: string,
  start: number,
  close: '}' | ']',
  item: (text: string, at: number) => ParseEnd,
): ParseEnd {
  let at = skipBlanks(text, start + 1)
  if (text[at] === close) return at + 1
  for (;;) {
    const end = item(text, at)
    if (typeof end !== 'number') return end
    at = skipBlanks(text, end)
    if (text[at] === close) return at + 1
    if (text[at] !== ',') return parseError(at, `, or ${close}`)
    at += 1
  }
}

function member(text: string, before: number): ParseEnd {
  const at = skipBlanks(text, before)
  if (text[at] !== '"') return parseError(at, 'a name in double quotes')
  const end = textEnd(text, at)
  if (typeof end !== 'number') return end
  const colon = skipBlanks(text, end)
  return text[colon] === ':' ? value(text, colon + 1) : parseError(colon, ':')
}

const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

function textEnd(text: string, start: number): ParseEnd {
  for (let at = start + 1; at < text.length;) {
    const code = text.charCodeAt(at)
    if (code === 0x22) return at + 1
    if (code < 0x20) return parseError(at, 'an escape instead of a control character')
    const end = code === 0x5c ? behind(ESCAPE, text, at) : at + 1
    if (end === at) return parseError(at, 'a valid escape')
    at = end
  }
  return parseError(text.length, 'a quote')
}
