/** Like PostgreSQL's quote_ident, but always quotes. */
export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`
