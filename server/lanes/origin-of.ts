/** Returns what addresses of one server have in common: the origin of a URL, the domain of a mail address. */
export function originOf(address: string): string {
  if (URL.canParse(address)) return new URL(address).origin
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase()
}
