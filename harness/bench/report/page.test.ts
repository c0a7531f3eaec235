import { expect, test } from 'vitest'
import { withFigures } from './page.ts'

const PAGE = 'before\n\n<!-- figures: begin -->\nold\n<!-- figures: end -->\n\nafter\n'

test('what is between the markers is replaced, and nothing else', () => {
  const written = withFigures(PAGE, ['new', 'lines'])
  expect(written).toBe('before\n\n<!-- figures: begin -->\n\nnew\nlines\n\n<!-- figures: end -->\n\nafter\n')
  expect(withFigures(written, ['new', 'lines'])).toBe(written)
})

test('a page without markers is rejected', () => {
  expect(() => withFigures('nothing', [])).toThrow('figures: begin')
})
