/**
 * What each dispatcher may use of a limit that all dispatchers share: one at least, or nothing would ever be sent.
 * Rounded up, so together they exceed it by less than one each. Pure.
 */
export const dividedLimit = (limit: number, dispatchers: number) => Math.max(1, Math.ceil(limit / dispatchers))
