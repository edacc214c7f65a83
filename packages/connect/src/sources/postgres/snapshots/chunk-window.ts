import type { Relation, RowView } from '../row.ts'

export type RowTexts = readonly (string | null)[]

export interface ChunkWindowOptions {
  readonly relation: Relation
  /** Names of the key's columns. */
  readonly key: readonly string[]
  /** In the columns' order of `relation`. */
  readonly rows: readonly RowTexts[]
  /** Which transactions the rows show the effects of. */
  readonly isVisible: (xid: number) => boolean
}

/**
 * Rows of a table as one database snapshot saw them, until the stream has passed that snapshot. What the stream brings in
 * between and the snapshot did not see is newer than these rows, which then are dropped: published after it they would
 * turn the record's key back to an older state.
 */
export class ChunkWindow {
  readonly relation: Relation
  /** A change came whose key cannot be told (the table was altered meanwhile): the rows have to be read again. */
  isSpoiled = false
  readonly #options: ChunkWindowOptions
  readonly #rows = new Map<string, RowTexts>()
  #streamRelation: Relation | undefined
  #streamKey: number[] = []

  constructor(options: ChunkWindowOptions) {
    this.relation = options.relation
    this.#options = options
    const key = positionsOf(options.relation, options.key)
    for (const row of options.rows) this.#rows.set(key.map((column) => row[column] ?? '').join('\0'), row)
  }

  get rows(): Iterable<RowTexts> {
    return this.#rows.values()
  }

  changed(relation: Relation, xid: number, row: RowView | undefined, old: RowView | undefined): void {
    if (relation.oid !== this.relation.oid || this.#options.isVisible(xid)) return
    if (this.#streamRelation !== relation) {
      this.#streamRelation = relation
      this.#streamKey = positionsOf(relation, this.#options.key)
    }
    if (this.#streamKey.includes(-1)) this.isSpoiled = true
    if (row) this.#drop(row, old !== undefined)
    if (old) this.#drop(old, false)
  }

  truncated(relation: Relation, xid: number): void {
    if (relation.oid === this.relation.oid && !this.#options.isVisible(xid)) this.#rows.clear()
  }

  #drop(row: RowView, hasOld: boolean): void {
    // A large key that was not changed is in the old row.
    if (this.#streamKey.some((column) => row.isUnchanged(column))) this.isSpoiled ||= !hasOld
    this.#rows.delete(this.#streamKey.map((column) => row.text(column)).join('\0'))
  }
}

function positionsOf(relation: Relation, names: readonly string[]): number[] {
  return names.map((name) => relation.columns.findIndex((column) => column.name === name))
}
