import { expect, test } from 'vitest'
import { createScale, plotSvg } from './svg.ts'

const ROW = { label: 'a', marks: [], bar: { median: 50, min: 40, max: 100 }, isOurs: true }

test('a plot is one SVG element with a bar for each row', () => {
  const svg = plotSvg([{ title: 'T', unit: '1/s', isLogarithmic: false, rows: [ROW, { ...ROW, label: 'b' }] }])
  expect(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"')).toBe(true)
  expect(svg.endsWith('</svg>\n')).toBe(true)
  expect(svg.match(/<rect x=/g)).toHaveLength(2)
  expect(svg).toContain('width="265.0"') // half of the greatest value
})

test('texts are escaped', () => {
  const svg = plotSvg([{ title: 'a < b & "c"', unit: 'ms', isLogarithmic: false, rows: [] }])
  expect(svg).toContain('a &lt; b &amp; &quot;c&quot; (ms)')
})

test('a logarithmic scale gives each decade the same width', () => {
  const scale = createScale([1, 10, 100], true)
  expect(scale(10) - scale(1)).toBeCloseTo(scale(100) - scale(10))
  expect(scale(0)).toBe(scale(1))
})
