import { expect, onTestFinished } from 'vitest'
import { createDataDirectories } from './data-directories.ts'
import { runServiceToEnd } from './program-runner.ts'

/** What a start says that ends with 1 and is ready never. Its data directory is removed when the test is over. */
export async function refusalOf(env: Readonly<Record<string, string>>): Promise<string> {
  const directories = createDataDirectories()
  onTestFinished(() => directories.removeAll())
  const { code, stdout, stderr } = await runServiceToEnd({
    LOG_LEVEL: 'error',
    TIDINGS_DATA_DIR: await directories.make(),
    ...env,
  })
  expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: '' })
  return stderr
}
