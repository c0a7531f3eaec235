/**
 * The only way for values to get into a statement: `sql\`select ${value}\`` becomes text with $1 and a list of values.
 * Fragments nest; `join` puts several of them together.
 */
export { default as sql, join, empty, type Sql } from 'sql-template-tag'
