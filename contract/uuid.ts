/** A uuid as the service writes it: 36 characters, in lower case. */
export const UUID_PATTERN = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
const UUID = new RegExp(UUID_PATTERN, 'i')

/** Whether a text is a uuid of 36 characters, in any letter case. Java's short forms (`1-1-1-1-1`) are not accepted. */
export const isUuid = (text: string): boolean => UUID.test(text)
