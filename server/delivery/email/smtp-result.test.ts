import { expect, test } from 'vitest'
import { isServerProblem, smtpResult, type SmtpFailure } from './smtp-result.ts'

const failure = (error: unknown, other: Partial<SmtpFailure> = {}): SmtpFailure => ({
  error,
  gate: { isOpen: false, isRefused: false, isReached: false },
  abortedBy: undefined,
  durationMs: 3,
  ...other,
})
const inSession = { gate: { isOpen: false, isRefused: false, isReached: true } }
const afterText = { gate: { isOpen: true, isRefused: false, isReached: true } }

test.each<[object, Partial<SmtpFailure>, object]>([
  [{ code: 'EDNS', originalCode: 'ENOTFOUND' }, {}, { reason: 'dns', stage: 'connect' }],
  [
    { code: 'ESOCKET', originalCode: 'ECONNREFUSED', syscall: 'connect' },
    {},
    { reason: 'connect_refused', stage: 'connect' },
  ],
  [
    { code: 'ESOCKET', originalCode: 'EHOSTUNREACH', syscall: 'connect' },
    {},
    { reason: 'unreachable', stage: 'connect' },
  ],
  [{ code: 'ESOCKET', originalCode: 'EMFILE', syscall: 'connect' }, {}, { reason: 'connect_failed', stage: 'connect' }],
  [{ code: 'ETIMEDOUT', timeoutType: 'CONNECT_TIMEOUT' }, {}, { reason: 'connect_timeout', stage: 'connect' }],
  [{ code: 'ETIMEDOUT', timeoutType: 'GREETING_TIMEOUT' }, {}, { reason: 'connect_timeout', stage: 'connect' }],
  [{ code: 'ETIMEDOUT', timeoutType: 'SOCKET_TIMEOUT' }, afterText, { reason: 'answer_timeout', stage: 'answer' }],
  [{ code: 'ESOCKET', originalCode: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, {}, { reason: 'tls', stage: 'connect' }],
  [{ code: 'ESOCKET', originalCode: 'EPROTO', syscall: 'write' }, {}, { reason: 'tls', stage: 'connect' }],
  [{ code: 'ETLS', command: 'CONN' }, {}, { reason: 'tls', stage: 'connect' }],
  [
    { code: 'ESOCKET', originalCode: 'ECONNRESET', syscall: 'read' },
    inSession,
    { reason: 'closed_early', stage: 'connect' },
  ],
  [
    { code: 'ESOCKET', originalCode: 'ETIMEDOUT', syscall: 'read' },
    afterText,
    { reason: 'closed_early', stage: 'answer' },
  ],
  [{ code: 'ECONNECTION' }, afterText, { reason: 'closed_early', stage: 'answer' }],
  [{ code: 'EPROTOCOL', responseCode: 250 }, {}, { reason: 'bad_answer' }],
  [{ code: 'ESOMETHING' }, {}, { reason: 'bad_answer' }],
])('%j is a failure', (error, other, expected) => {
  expect(smtpResult(failure(error, other))).toMatchObject({ kind: 'failed', durationMs: 3, ...expected })
})

test.each([undefined, null, 'text', 7, new Error('plain')])(
  'something thrown that is not from nodemailer (%s) is a failure, too',
  (error) => {
    expect(smtpResult(failure(error))).toMatchObject({ kind: 'failed', reason: 'bad_answer' })
  },
)

test('what aborted an attempt matters more than the error', () => {
  const error = { code: 'EABORT', responseCode: 550, command: 'RCPT TO' }
  expect(smtpResult(failure(error, { abortedBy: 'caller' }))).toEqual({ kind: 'aborted', wasWritten: false })
  expect(smtpResult(failure(error, { abortedBy: 'caller', ...afterText }))).toEqual({
    kind: 'aborted',
    wasWritten: true,
  })
  expect(smtpResult(failure(error, { abortedBy: 'deadline' }))).toMatchObject({
    kind: 'failed',
    reason: 'connect_timeout',
    stage: 'connect',
  })
  expect(smtpResult(failure(error, { abortedBy: 'deadline', ...inSession }))).toMatchObject({
    kind: 'failed',
    reason: 'answer_timeout',
    stage: 'connect',
  })
  expect(smtpResult(failure(error, { abortedBy: 'deadline', ...afterText }))).toMatchObject({
    kind: 'failed',
    reason: 'answer_timeout',
    stage: 'answer',
  })
  expect(
    smtpResult(failure(error, { abortedBy: 'caller', gate: { isOpen: false, isRefused: true, isReached: true } })),
  ).toEqual({ kind: 'not_sent' })
})

test('an address that nodemailer considers invalid is given up', () => {
  expect(smtpResult(failure({ code: 'EENVELOPE', command: 'API' }))).toEqual({
    kind: 'unbuildable',
    reason: 'bad_address',
  })
})

test('problems with the server, the network and the login concern the operator, those with mails do not', () => {
  const refused = (smtpCode: number, stage: 'session' | 'sender' | 'recipient' | 'message') =>
    isServerProblem({ kind: 'refused', smtpCode, stage, durationMs: 1 })
  expect([
    refused(535, 'session'),
    refused(550, 'sender'),
    isServerProblem({ kind: 'failed', reason: 'tls', stage: 'connect', durationMs: 1 }),
  ]).toEqual([true, true, true])
  expect([
    refused(421, 'session'),
    refused(550, 'recipient'),
    refused(554, 'message'),
    isServerProblem({ kind: 'accepted', durationMs: 1 }),
  ]).toEqual([false, false, false, false])
})
