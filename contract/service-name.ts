/** What others call this service: as a user, among the services of a site, and as the source of its own events. */
export const SERVICE_NAME = 'notifications'
