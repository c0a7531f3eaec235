/** Of a uuid as we write it: 36 characters, in small letters. */
export const UUID_PATTERN = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
const UUID = new RegExp(UUID_PATTERN, 'i')

/** A uuid as it is written, in any letter case. Java's short forms (`1-1-1-1-1`) are none. */
export const isUuid = (text: string): boolean => UUID.test(text)
