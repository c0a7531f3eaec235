/**
 * From the name of the database or the broker to a session, in ms: TCP, TLS and the login take six round trips, with
 * RabbitMQ seven. Enough for a server 320 ms away with one SYN lost (3 s), also behind a dead address (1.5 s,
 * address-timeout.ts).
 */
export const CONNECT_LIMIT_MS = 5000
