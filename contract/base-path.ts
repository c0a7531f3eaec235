/** Every address of the interface begins with this. */
export const BASE_PATH = '/v3/notifications'
