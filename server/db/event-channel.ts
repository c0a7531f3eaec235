/** The channel of the NOTIFY after records were published. `publish_records` in the migrations has it as a literal. */
export const EVENT_CHANNEL = 'tidings_events'
