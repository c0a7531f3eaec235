/** NOTIFY goes out on it when records were published. publish_records, in the migrations, has it as a literal. */
export const EVENT_CHANNEL = 'tidings_events'
