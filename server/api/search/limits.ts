/** More than anybody needs in one search; together far below the 65,535 parameters that a statement of PostgreSQL takes. */
export const MAX_TESTS = 1000
export const MAX_VALUES = 10_000
/** Words and signs of the SQL-like language: as many as those tests and values take, and parentheses. A mebibyte of them would hold up everybody else. */
export const MAX_TOKENS = 50_000
