/** More than anybody needs in one search; together far below the 65,535 parameters of a statement in PostgreSQL. */
export const MAX_COMPARISONS = 1000
export const MAX_VALUES = 10_000
/**
 * Tokens of the SQL-like language: enough for those comparisons and values, and for parentheses. Parsing a mebibyte of
 * them would block every other request.
 */
export const MAX_TOKENS = 50_000
