import type { MailSummary } from './mail-summary.ts'

/** Returns the summary as plain text, for terminals and screen readers. Pure. */
export function textPart({ headline, facts, message, data, footer }: MailSummary): string {
  const width = Math.max(...facts.map(([label]) => label.length))
  const lines = facts.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`)
  const sections = [
    headline,
    lines.join('\n'),
    section('Message', message),
    section('Data', data),
    `-- \n${footer.join('\n')}`,
  ]
  return `${sections.filter((one) => one !== undefined).join('\n\n')}\n`
}

const section = (title: string, text: string | undefined) =>
  text === undefined
    ? undefined
    : `${title}:\n\n${text
        .split('\n')
        .map((line) => `  ${line}`)
        .join('\n')}`
