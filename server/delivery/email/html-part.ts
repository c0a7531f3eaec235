import type { MailSummary } from './mail-summary.ts'

const FONT = 'font-family:-apple-system,BlinkMacSystemFont,Segoe UI,Roboto,Helvetica,Arial,sans-serif'
const BREAK = 'word-break:break-word;overflow-wrap:anywhere'
/** At least 4.5:1 on white as well as on black (WCAG 2.1, 1.4.3). */
const GREY = '#757575'
const ACCENTS = { good: '#2da44e', bad: '#e5484d', neutral: '#3b82f6' } as const

/**
 * Returns the summary as HTML for mail clients: tables and inline styles only, no external resources, no script. It
 * sets no background, and the greys and accents have enough contrast on white and on black, so that clients with a dark
 * mode cannot spoil it. Pure; every text of the summary is escaped.
 */
export function htmlPart({ headline, tone, facts, message, data, footer }: MailSummary): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escaped(headline)}</title>
</head>
<body style="margin:0;padding:16px;${FONT}">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" \
style="max-width:640px;border-collapse:collapse;${FONT}">
<tr><td colspan="2" style="padding:4px 0 4px 12px;border-left:4px solid ${ACCENTS[tone]};\
font-size:18px;line-height:24px;font-weight:bold;${BREAK}">${escaped(headline)}</td></tr>
<tr><td colspan="2" style="height:12px;line-height:12px;font-size:12px">&nbsp;</td></tr>
${facts.map(([label, value]) => row(label, value)).join('\n')}
${block('Message', message)}${block('Data', data)}\
<tr><td colspan="2" style="padding:16px 0 0 0;font-size:12px;line-height:18px;color:${GREY};${BREAK}">\
${footer.map(escaped).join('<br>')}</td></tr>
</table>
</body>
</html>
`
}

const row = (label: string, value: string) =>
  `<tr><td valign="top" style="padding:3px 16px 3px 0;font-size:14px;line-height:20px;white-space:nowrap;\
color:${GREY}">${escaped(label)}</td>\
<td valign="top" style="padding:3px 0;font-size:14px;line-height:20px;${BREAK}">${escaped(value)}</td></tr>`

function block(title: string, text: string | undefined): string {
  if (text === undefined) return ''
  return `<tr><td colspan="2" style="padding:16px 0 4px 0;font-size:14px;line-height:20px;color:${GREY}">\
${title}</td></tr>
<tr><td colspan="2" style="padding:4px 0 4px 12px;border-left:2px solid ${GREY};\
font-family:Menlo,Consolas,monospace;font-size:13px;line-height:19px;${BREAK}">${preformatted(text)}</td></tr>
`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')

/** Keeps lines and indentation without `white-space`, which some clients ignore. */
const preformatted = (text: string) =>
  escaped(text).replaceAll('\t', '  ').replaceAll('  ', '&nbsp; ').replaceAll('\n', '<br>')
