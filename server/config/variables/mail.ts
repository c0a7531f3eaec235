import { str } from 'envalid'
import { between, flag } from '../validators.ts'

export const MAIL_VARIABLES = {
  TAPIS_MAIL_PROVIDER: str({
    default: 'LOG',
    choices: ['SMTP', 'LOG', 'NONE'] as const,
    desc: 'How e-mail is sent: by SMTP, only to the log (LOG), or not at all (NONE).',
  }),
  TAPIS_SMTP_HOST: str({ default: undefined, desc: 'Mail server; needed with SMTP.' }),
  TAPIS_SMTP_PORT: between(1, 65_535)({ default: 25, desc: 'Port of the mail server.' }),
  TAPIS_SMTP_AUTH: flag({
    default: false,
    desc: 'Whether to log in to the mail server. Needs TAPIS_SMTP_USER and TAPIS_SMTP_PASSWORD.',
  }),
  TAPIS_SMTP_USER: str({ default: undefined, desc: 'Name to log in with.' }),
  TAPIS_SMTP_PASSWORD: str({ default: undefined, desc: 'Password to log in with.' }),
  TAPIS_SMTP_FROM_NAME: str({ default: 'Tapis Notifications Service', desc: 'Name of the sender.' }),
  TAPIS_SMTP_FROM_ADDRESS: str({ default: 'no-reply@nowhere.com', desc: 'Address of the sender.' }),
  TIDINGS_SMTP_SECURITY: str({
    default: undefined,
    choices: ['none', 'opportunistic', 'starttls', 'tls'] as const,
    desc:
      'Encryption of the connection to the mail server: never, STARTTLS where offered and working (unset, without a ' +
      'login), STARTTLS always (unset, with a login), TLS from the first byte.',
  }),
}
