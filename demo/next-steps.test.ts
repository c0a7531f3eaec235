import { expect, test } from 'vitest'
import { nextSteps } from './next-steps.ts'

const text = nextSteps({
  url: 'http://127.0.0.1:65535',
  dataDir: '/tmp/tidings-demo-abcdef',
  receiverUrl: 'http://127.0.0.1:65534/hooks/jobs',
})

test('the bodies to paste are JSON, and name the portal', () => {
  const bodies = [...text.matchAll(/-d '([^']+)'/g)].map(([, body = '']) => JSON.parse(body) as unknown)
  expect(bodies).toEqual([
    expect.objectContaining({
      subjectFilter: 'my-job',
      deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: 'http://127.0.0.1:65534/hooks/jobs' }],
    }),
    expect.objectContaining({ subject: 'my-job', seriesId: 'my-job' }),
  ])
})

test('the token comes from the data directory of this run', () => {
  expect(text).toContain('TIDINGS_DATA_DIR=/tmp/tidings-demo-abcdef TAPIS_SERVICE_PORT=65535\n')
})

test('no line is wider than 100 columns', () => {
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
})
