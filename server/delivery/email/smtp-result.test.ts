import { expect, test } from 'vitest'
import { isOurTrouble, smtpResult, type SmtpFailure } from './smtp-result.ts'

const failure = (error: unknown, other: Partial<SmtpFailure> = {}): SmtpFailure => ({ error, gate: { isOpen: false, isRefused: false, isReached: false }, cutBy: undefined, durationMs: 3, ...other })
const inSession = { gate: { isOpen: false, isRefused: false, isReached: true } }
const afterText = { gate: { isOpen: true, isRefused: false, isReached: true } }

test.each<[object, Partial<SmtpFailure>, object]>([
  [{ code: 'EDNS', originalCode: 'ENOTFOUND' }, {}, { reason: 'dns', stage: 'connect' }],
  [{ code: 'ESOCKET', originalCode: 'ECONNREFUSED', syscall: 'connect' }, {}, { reason: 'connect_refused', stage: 'connect' }],
  [{ code: 'ESOCKET', originalCode: 'EHOSTUNREACH', syscall: 'connect' }, {}, { reason: 'unreachable', stage: 'connect' }],
  [{ code: 'ESOCKET', originalCode: 'EMFILE', syscall: 'connect' }, {}, { reason: 'connect_failed', stage: 'connect' }],
  [{ code: 'ETIMEDOUT', timeoutType: 'CONNECT_TIMEOUT' }, {}, { reason: 'connect_timeout', stage: 'connect' }],
  [{ code: 'ETIMEDOUT', timeoutType: 'GREETING_TIMEOUT' }, {}, { reason: 'connect_timeout', stage: 'connect' }],
  [{ code: 'ETIMEDOUT', timeoutType: 'SOCKET_TIMEOUT' }, afterText, { reason: 'answer_timeout', stage: 'answer' }],
  [{ code: 'ESOCKET', originalCode: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, {}, { reason: 'tls', stage: 'connect' }],
  [{ code: 'ESOCKET', originalCode: 'EPROTO', syscall: 'write' }, {}, { reason: 'tls', stage: 'connect' }],
  [{ code: 'ETLS', command: 'CONN' }, {}, { reason: 'tls', stage: 'connect' }],
  [{ code: 'ESOCKET', originalCode: 'ECONNRESET', syscall: 'read' }, inSession, { reason: 'closed_early', stage: 'connect' }],
  [{ code: 'ESOCKET', originalCode: 'ETIMEDOUT', syscall: 'read' }, afterText, { reason: 'closed_early', stage: 'answer' }],
  [{ code: 'ECONNECTION' }, afterText, { reason: 'closed_early', stage: 'answer' }],
  [{ code: 'EPROTOCOL', responseCode: 250 }, {}, { reason: 'bad_answer' }],
  [{ code: 'ESOMETHING' }, {}, { reason: 'bad_answer' }],
])('%j is a failure', (error, other, expected) => {
  expect(smtpResult(failure(error, other))).toMatchObject({ kind: 'failed', durationMs: 3, ...expected })
})

test.each([undefined, null, 'text', 7, new Error('plain')])('something thrown that is none of nodemailer (%s) is a failure, too', (error) => {
  expect(smtpResult(failure(error))).toMatchObject({ kind: 'failed', reason: 'bad_answer' })
})

test('who cut it short matters more than what that looked like', () => {
  const error = { code: 'EABORT', responseCode: 550, command: 'RCPT TO' }
  expect(smtpResult(failure(error, { cutBy: 'caller' }))).toEqual({ kind: 'aborted', wasWritten: false })
  expect(smtpResult(failure(error, { cutBy: 'caller', ...afterText }))).toEqual({ kind: 'aborted', wasWritten: true })
  expect(smtpResult(failure(error, { cutBy: 'deadline' }))).toMatchObject({ kind: 'failed', reason: 'connect_timeout', stage: 'connect' })
  expect(smtpResult(failure(error, { cutBy: 'deadline', ...inSession }))).toMatchObject({ kind: 'failed', reason: 'answer_timeout', stage: 'connect' })
  expect(smtpResult(failure(error, { cutBy: 'deadline', ...afterText }))).toMatchObject({ kind: 'failed', reason: 'answer_timeout', stage: 'answer' })
  expect(smtpResult(failure(error, { cutBy: 'caller', gate: { isOpen: false, isRefused: true, isReached: true } }))).toEqual({ kind: 'not_sent' })
})

test('an address that nodemailer takes for none is given up', () => {
  expect(smtpResult(failure({ code: 'EENVELOPE', command: 'API' }))).toEqual({ kind: 'unbuildable', reason: 'bad_address' })
})

test('the operator is told of the server, the way there and the login, not of recipients and texts', () => {
  const refused = (smtpCode: number, stage: 'session' | 'sender' | 'recipient' | 'message') => isOurTrouble({ kind: 'refused', smtpCode, stage, durationMs: 1 })
  expect([refused(535, 'session'), refused(550, 'sender'), isOurTrouble({ kind: 'failed', reason: 'tls', stage: 'connect', durationMs: 1 })]).toEqual([true, true, true])
  expect([refused(421, 'session'), refused(550, 'recipient'), refused(554, 'message'), isOurTrouble({ kind: 'accepted', durationMs: 1 })]).toEqual([false, false, false, false])
})
