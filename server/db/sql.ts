import { LRUCache } from 'lru-cache'
import { Sql, empty, join } from 'sql-template-tag'

/** Texts of statements that were sent lately: their templates are a fixed few, but for those of searches. */
const texts = new LRUCache<string, string>({ max: 1000 })
const ids = new WeakMap<readonly string[], number>()
let templates = 0

function idOf(template: readonly string[]): number {
  const known = ids.get(template)
  if (known !== undefined) return known
  templates += 1
  ids.set(template, templates)
  return templates
}

/** A statement, or a part of one, whose text is put together once: it is the same for the same templates. */
class Statement extends Sql {
  /** Of its template and of those within; undefined: its text depends on more than these. */
  readonly key: string | undefined

  constructor(template: readonly string[], values: readonly unknown[]) {
    super(template, values)
    this.key = keyOf(template, values)
  }

  override get text(): string {
    const known = this.key === undefined ? undefined : texts.get(this.key)
    if (known !== undefined) return known
    const text = super.text
    if (this.key !== undefined) texts.set(this.key, text)
    return text
  }
}

function keyOf(template: readonly string[], values: readonly unknown[]): string | undefined {
  if (!('raw' in template)) return undefined // not written as a template, but put together
  let key = String(idOf(template))
  for (const [index, value] of values.entries()) {
    if (!(value instanceof Sql)) continue
    if (!(value instanceof Statement) || value.key === undefined) return undefined
    key += ` ${index}(${value.key})`
  }
  return key
}

/**
 * The only way for values to get into a statement: `sql\`select ${value}\`` becomes text with $1 and a list of values.
 * Fragments nest; `join` puts several of them together.
 */
export const sql = (template: readonly string[], ...values: readonly unknown[]): Sql => new Statement(template, values)

export { empty, join, type Sql }
