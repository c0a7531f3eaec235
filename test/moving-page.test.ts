import { access, readFile } from 'node:fs/promises'
import { beforeAll, expect, test } from 'vitest'
import { VARIABLES } from '@tidings/server/config/variables.ts'
import { AppError, type ErrorCode } from '@tidings/server/api/errors.ts'

const PAGE = new URL('../docs/moving-from-tapis-notifications.md', import.meta.url)

let page = ''
beforeAll(async () => {
  page = await readFile(PAGE, 'utf8')
})

const all = (pattern: RegExp, text = page) => [
  ...new Set([...text.matchAll(pattern)].map(([whole, part]) => part ?? whole)),
]

const isVariable = (name: string) => name in VARIABLES

const ABSENT = /### Codes that do not occur\n\n([^.]*)\./

test('every message code that the page names is one of the service, except those that it says do not occur', () => {
  const absent = all(/`(\w+)`/g, ABSENT.exec(page)?.[1])
  expect(absent.length).toBeGreaterThan(10)
  for (const code of absent) expect(() => new AppError(code as ErrorCode), code).toThrow()
  const codes = all(/\b(?:NTFAPI|NTFLIB|TAPIS_SECURITY|TAPIS_JSON)_[A-Z0-9_]+/g, page.replace(ABSENT, ''))
  expect(codes.length).toBeGreaterThan(10)
  for (const code of codes) expect(() => new AppError(code as ErrorCode), code).not.toThrow()
})

test('variables that are kept are read, those that are dropped are not, and the new ones exist', () => {
  const rows = all(/^\| `TAPIS_.*$/gm, page.slice(page.indexOf('\n## Environment variables'))).map((row) =>
    row.split('|').map((cell) => cell.trim()),
  )
  expect(rows.length).toBeGreaterThan(10)
  for (const [, left = '', right = ''] of rows) {
    for (const name of all(/`([A-Z_]+)`/g, left))
      expect([name, isVariable(name)]).toEqual([name, right.startsWith('the same')])
  }
  expect(all(/`((?:TIDINGS_[A-Z_]+|DATABASE_URL|LOG_LEVEL))`/g).filter((name) => !isVariable(name))).toEqual([])
})

test('its links have targets', async () => {
  const links = all(/\]\(([^)]+)\)/g)
  const headings = all(/^##+ (.*)$/gm).map((heading) => `#${heading.toLowerCase().replaceAll(' ', '-')}`)
  for (const link of links) {
    if (link.startsWith('#')) expect(headings).toContain(link)
    else await access(new URL(link, PAGE))
  }
})
