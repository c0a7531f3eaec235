import type { MailServer } from '@tidings/server/config/config.ts'
import { onTestFinished } from 'vitest'
import { startMailServer } from './mail-server.ts'
import { startScriptedMailServer, type MailScript } from './scripted-mail-server.ts'
import { createTestSmtpSender } from './test-smtp-sender.ts'

type SenderParts = Parameters<typeof createTestSmtpSender>[1]

/** A mail server that takes mails, and a sender to it, for the test that runs. */
export async function realServer() {
  const server = await startMailServer({ encryption: 'none' })
  const sender = createTestSmtpSender(server)
  onTestFinished(async () => {
    await sender.close()
    await server.close()
  })
  return { server, sender }
}

/** A server that replies by a script, and a sender to it, for the running test. */
export async function scriptedServer(
  script: MailScript,
  { login, ...parts }: SenderParts & { readonly login?: MailServer['login'] } = {},
) {
  const server = await startScriptedMailServer(script)
  const sender = createTestSmtpSender({ port: server.port, login }, parts)
  onTestFinished(async () => {
    await sender.close()
    await server.close()
  })
  return { server, sender }
}
