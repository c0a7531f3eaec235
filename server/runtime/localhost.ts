/** Whether a host name is the machine itself, for whoever may ask no server for it (RFC 6761 6.3). */
export const isLocalhost = (hostname: string) => /(^|\.)localhost\.?$/i.test(hostname)
