import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net'

/**
 * How long Node.js waits for one address of a name before it drops it and tries the next; the last one gets what is
 * left of the client's own limit. Node's 250 ms are shorter than a round trip to another continent, and a SYN that was
 * lost is sent again after 1 s (RFC 6298 2.1). So: 1 s, and a round trip of up to 500 ms. The clients leave 4 s and
 * more for connecting, which is enough for a dead address and another one behind it.
 */
const ADDRESS_TIMEOUT_MS = 1500

/**
 * For every connection of this process that Node.js makes to a name: of the database, the broker, Tapis services.
 * Called by preload.ts.
 */
export const extendAddressTimeout = () => setDefaultAutoSelectFamilyAttemptTimeout(ADDRESS_TIMEOUT_MS)
