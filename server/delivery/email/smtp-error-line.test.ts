import { expect, test } from 'vitest'
import { smtpErrorLine, redactLogin } from './smtp-error-line.ts'

const login = { user: 'tapis+mail', password: 'ge(heim)/$&1' }
const base64 = (text: string) => Buffer.from(text).toString('base64')
const plain = base64(`\0${login.user}\0${login.password}`)

test.each([
  `535 5.7.8 no such login: ${login.user} / ${login.password}`,
  `535-5.7.8 you said AUTH PLAIN ${plain}\n535 bye`,
  `500 unknown command "${plain.toLowerCase()}"`,
  `500 ${plain.replace(/=+$/, '')}.`,
  `334 ${base64(login.user)} ${base64(login.password)}`,
  `535 ${base64(`${login.user} 0123456789abcdef`)}`,
  `535 session=${base64(`x${login.password}`)}`,
  `535 session=${base64(`xy${login.password}`)};`,
  `535 ${login.user.toUpperCase()} is locked`,
  `535 ${Buffer.from(login.password).toString('base64url')}`,
])('what a server says is logged without the login in it: %j', (text) => {
  const line = redactLogin(text, login)
  expect(line).toContain('[redacted]')
  expect(line.toLowerCase()).not.toContain(login.user)
  expect(line).not.toContain(login.password)
  for (const word of line.match(/[A-Za-z0-9+/_-]{4,}/g) ?? [])
    expect(Buffer.from(word, 'base64').toString()).not.toMatch(/tapis|heim/)
  expect(line).toMatch(/^\d{3}/)
})

test('other words stay', () => {
  const text = '535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6'
  expect(redactLogin(text, login)).toBe(text)
  expect(redactLogin(text, undefined)).toBe(text)
})

test('only known members of an error are logged, cut to length', () => {
  const error = Object.assign(new Error(`Invalid login: 535 ${plain} ${'.'.repeat(1000)}`), {
    code: 'EAUTH',
    command: 'AUTH PLAIN',
    responseCode: 535,
    response: plain,
    rejectedErrors: [plain],
  })
  const line = smtpErrorLine(error, login)
  expect(line).toMatchObject({ code: 'EAUTH', command: 'AUTH PLAIN', responseCode: 535 })
  expect(line.message).toMatch(/^Invalid login: 535 \[redacted\]/)
  expect(line.message.length).toBeLessThanOrEqual(500)
  expect(JSON.stringify(line)).not.toContain(plain)
})
