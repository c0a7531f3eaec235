/**
 * Largest length of a caller's user and tenant, in UTF-16 units (protocol 1.1). They become part of keys, and an index
 * of PostgreSQL takes 2704 bytes. Nobody could reach what belongs to a longer name.
 */
export const MAX_CALLER_NAME = 255
