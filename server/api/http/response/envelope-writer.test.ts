import { expect, test } from 'vitest'
import { createEnvelopeWriter } from './envelope-writer.ts'

const envelopes = createEnvelopeWriter({ version: '1', commit: 'c', build: 'b' })

test('on one line, as Gson prints it', () => {
  expect(envelopes.success('M', { list: [], text: 'a\u2028<é' })).toBe(
    '{"result":{"list":[],"text":"a\\u2028<é"},"status":"success","message":"M",' +
      '"version":"1","commit":"c","build":"b","metadata":null}',
  )
  expect(envelopes.error('M\n  #1 a')).toBe(
    '{"result":null,"status":"error","message":"M\\n  #1 a","version":"1","commit":"c","build":"b","metadata":null}',
  )
})

test('health has the result last, failed readiness with the result first', () => {
  expect(envelopes.healthy('M', 'R')).toBe(
    '{"status":"success","message":"M","version":"1","commit":"c","build":"b","metadata":null,"result":"R"}',
  )
  expect(envelopes.unready('M', 'R')).toBe(
    '{"result":"R","status":"error","message":"M","version":"1","commit":"c","build":"b","metadata":null}',
  )
})
