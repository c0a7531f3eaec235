/** Returns a seed that differs with each run. The report prints it, and `--seed` repeats the plan. */
export const newSeed = () => Date.now() % 1_000_000
