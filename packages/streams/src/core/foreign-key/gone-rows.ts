import { bytesText } from '../stores/bytes.ts'

/** More are not told apart: every one may then be among them. */
const goneMax = 10_000

/**
 * Foreign keys whose rows were deleted while others pointed at them. A row that changes and still points at the same key
 * asks only for a row that is there. That is not enough where the answer that takes its result back is still on its way,
 * since that is an answer to the value that the row had before, and will be dropped: it is answered in any case.
 */
export class GoneRows {
  readonly #keys = new Set<string>()
  /** Deletions before a restart, or in an aborted transaction, may be answered still. */
  mayHaveMore = false

  note(foreignKey: Uint8Array): void {
    if (this.#keys.size < goneMax) this.#keys.add(bytesText(foreignKey))
    else this.mayHaveMore = true
  }

  isThere(foreignKey: Uint8Array): void {
    this.#keys.delete(bytesText(foreignKey))
  }

  mayBe(foreignKey: Uint8Array): boolean {
    return this.mayHaveMore || this.#keys.has(bytesText(foreignKey))
  }
}
