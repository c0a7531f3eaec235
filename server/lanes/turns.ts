/** Things that wait for their turn, in a tree of names: the first name decides first. */
export interface Turns<Item> {
  /** Adds an item behind those with the same path. */
  add(path: readonly string[], item: Item): void
  /**
   * Removes and returns the next item, round-robin at each level of the tree. Leaves out items whose path or parts of
   * it `admits` refuses; undefined: there is none that may go.
   */
  next(admits: (path: readonly string[]) => boolean): Item | undefined
  readonly size: number
}

interface Node<Item> {
  readonly children: Map<string, Node<Item>>
  readonly items: Item[]
}

const newNode = <Item>(): Node<Item> => ({ children: new Map(), items: [] })

/** A Map keeps its keys in the order of insertion: the first key is the one whose turn it is. */
export function createTurns<Item>(): Turns<Item> {
  const root = newNode<Item>()
  let size = 0

  function next(
    node: Node<Item>,
    path: readonly string[],
    admits: (path: readonly string[]) => boolean,
  ): Item | undefined {
    if (node.children.size === 0) return admits(path) ? node.items.shift() : undefined
    let left = node.children.size // what has had its turn is put behind, and would be visited again
    for (const [name, child] of node.children) {
      if (left === 0) break
      left -= 1
      const item = next(child, [...path, name], admits)
      node.children.delete(name)
      if (child.children.size > 0 || child.items.length > 0) node.children.set(name, child)
      if (item !== undefined) return item
    }
    return undefined
  }

  return {
    add(path, item) {
      let node = root
      for (const name of path) {
        const child = node.children.get(name) ?? newNode<Item>()
        node.children.set(name, child)
        node = child
      }
      node.items.push(item)
      size += 1
    },
    next(admits) {
      const item = next(root, [], admits)
      if (item !== undefined) size -= 1
      return item
    },
    get size() {
      return size
    },
  }
}
