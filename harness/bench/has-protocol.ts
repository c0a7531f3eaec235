/** Returns whether a text is a URL with one of these protocols, each with its colon. */
export const hasProtocol = (text: string, protocols: readonly string[]) =>
  URL.canParse(text) && protocols.includes(new URL(text).protocol)
