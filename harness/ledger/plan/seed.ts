/** Another number with each run; the report tells it, and with `--seed` the same run can be planned again. */
export const newSeed = () => Date.now() % 1_000_000
