/** Returns microseconds on a clock that is the same in every process of this machine. */
export const monotonicMicros = () => Number(process.hrtime.bigint()) / 1000
