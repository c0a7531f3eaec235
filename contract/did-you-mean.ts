/** Returns the question about the known word that was probably meant. */
export const didYouMean = (name: string): string => `did you mean ${name}?`

/** Returns the complaint, followed by the word that was probably meant, if there is one. */
export const withHint = (complaint: string, suggested: string | undefined): string =>
  suggested === undefined ? complaint : `${complaint}; ${didYouMean(suggested)}`
