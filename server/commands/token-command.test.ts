import { expect, test } from 'vitest'
import { tokenCommand } from './token-command.ts'

test('in a checkout the token comes from the npm script', () => {
  expect(tokenCommand('--user jdoe')).toBe('npm run --silent token -- --user jdoe')
})
