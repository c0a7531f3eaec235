/** A uuid as it is written: 36 characters, in any letter case. Java's short forms (`1-1-1-1-1`) are none. */
export const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
