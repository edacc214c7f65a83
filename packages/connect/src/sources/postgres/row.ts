/** A column as the replication stream and the catalog describe it. */
export interface Column {
  readonly name: string
  readonly typeOid: number
  /** What stands in parentheses after the type, as PostgreSQL encodes it; undefined where it was not asked for. */
  readonly modifier?: number
  /** Part of the replica identity. */
  readonly isKey: boolean
}

/** A captured table at one state of its definition; a new object comes with every change of it. */
export interface Relation {
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** `d` primary key, `n` nothing, `f` full row, `i` an index. */
  readonly replicaIdentity: string
  readonly columns: readonly Column[]
}

/** One row in PostgreSQL's text form. Valid only until the next event is read. */
export interface RowView {
  isNull(column: number): boolean
  /** A large value that the statement did not touch and that PostgreSQL therefore did not log. */
  isUnchanged(column: number): boolean
  text(column: number): string
  bytes(column: number): Buffer
}

/** A row that came as texts from a query. */
export class TextRow implements RowView {
  #values: readonly (string | null)[] = []

  load(values: readonly (string | null)[]): this {
    this.#values = values
    return this
  }

  isNull(column: number): boolean {
    return this.#values[column] === null || this.#values[column] === undefined
  }

  isUnchanged(): boolean {
    return false
  }

  text(column: number): string {
    return this.#values[column] ?? ''
  }

  bytes(column: number): Buffer {
    return Buffer.from(this.text(column))
  }
}
