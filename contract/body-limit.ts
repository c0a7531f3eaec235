/**
 * Largest request body of an operation, but for a batch of events, in bytes: 1 MiB is accepted, one byte more is not
 * (protocol 3).
 */
export const MAX_BODY_BYTES = 1_048_576
/** The same for a batch of events, each of which is still bounded by `MAX_BODY_BYTES`: 4 MiB (protocol 3.8). */
export const MAX_BATCH_BYTES = 4_194_304
