import { attributeOf, type Attribute } from '../search/attributes.ts'
import type { Condition, Comparison } from '../search/condition.ts'
import type { Order } from '../search/order-by.ts'

/** Which subscriptions of a tenant, in which order. */
export interface ListQuery {
  readonly tenant: string
  /** Undefined: of any owner. */
  readonly owner: string | undefined
  readonly condition: Condition | undefined
  readonly order: Order
  /** Where the list begins, in terms of the first attribute of the order. */
  readonly after: Comparison | undefined
}

/** How an index can help to read a list in its order. */
export interface Plan {
  /** Conditions under which an index has the rows in the order of the list. Undefined: no index has the order. */
  readonly inOrder: readonly Condition[] | undefined
  /** All other conditions. */
  readonly rest: readonly Condition[]
}

/** Attributes with an index (migration 0002) over the whole tenant in their order, ties aside. */
const ORDERED = ['created', 'owner', 'name', 'typeFilter', 'subjectFilter', 'uuid']
/** Attributes with indexes over the rows with one value of another attribute, in their order. */
const ORDERED_WITHIN: Readonly<Record<string, readonly string[]>> = {
  created: ['owner', 'name', 'typeFilter', 'subjectFilter'],
  name: ['owner'],
}

/** Divides the conditions that must all hold into those for which an index has the order of the list, and the rest. */
export function planOf({ owner, condition, order, after }: ListQuery): Plan {
  const conditions = [
    ...(owner === undefined ? [] : [ownedBy(owner)]),
    ...(condition?.kind === 'all' ? condition.of : condition ? [condition] : []),
  ]
  const constants = new Set(['tenant', ...conditions.filter(isEquality).map(({ attribute }) => attribute.name)])
  const leading = order.find(({ attribute }) => !constants.has(attribute.name))?.attribute.name ?? 'created'
  if (!ORDERED.includes(leading)) return { inOrder: undefined, rest: [...conditions, ...(after ? [after] : [])] }
  const within = conditions.find((one) => isEquality(one) && ORDERED_WITHIN[leading]?.includes(one.attribute.name))
  const isStartInOrder = after?.attribute.name === leading
  return {
    inOrder: [...(within ? [within] : []), ...(after && isStartInOrder ? [after] : [])],
    rest: [...conditions.filter((one) => one !== within), ...(after && !isStartInOrder ? [after] : [])],
  }
}

const isEquality = (condition: Condition): condition is Comparison =>
  condition.kind === 'comparison' && condition.operator === 'eq'

const ownedBy = (owner: string): Comparison => ({
  kind: 'comparison',
  attribute: OWNER,
  operator: 'eq',
  values: [owner],
})
const OWNER = attribute('owner')

function attribute(name: string): Attribute {
  const found = attributeOf(name)
  if (!found) throw new Error(`there is no attribute ${name}`)
  return found
}
