/** A place in the order of a list: numbers and texts whose meaning only its scan knows. */
export type Place = readonly (number | string)[]

/** Rows of a list, and where the next page begins; null: there is none. */
export interface Page<Row> {
  readonly rows: readonly Row[]
  readonly next: Place | null
}

/** A row of a statement that names the place of each row that it found, and up to where it has read. */
export interface PlacedRow {
  /** Null in the one row of a statement that found nothing. */
  readonly place: Place | null
  /** Null: it has read to the end. */
  readonly scanEnd: Place | null
}

/** Makes a page of the rows of a statement that was asked for one more than the page may have. */
export function pageOf<Row extends PlacedRow>(rows: readonly Row[], limit: number): Page<Row> {
  const found = rows.filter(({ place }) => place !== null)
  const shown = found.slice(0, limit)
  const next = found.length > limit ? (shown.at(-1)?.place ?? null) : (rows[0]?.scanEnd ?? null)
  return { rows: shown, next }
}
