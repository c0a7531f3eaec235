/** Formats ms as seconds. */
export const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

export const perSecond = (count: number, ms: number) => Math.round((1000 * count) / ms)
