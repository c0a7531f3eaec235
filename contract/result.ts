import { Type } from 'typebox'

/** The address of what was made or changed. */
export const ResourceUrl = Type.Object({ url: Type.String() })

/** How much was changed or removed; 0 when there was nothing to do. */
export const ChangeCount = Type.Object({ changes: Type.Integer() })

export const BooleanResult = Type.Object({ aBool: Type.Boolean() })
