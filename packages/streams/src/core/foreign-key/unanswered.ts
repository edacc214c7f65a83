import { bytesText } from '../stores/bytes.ts'

/**
 * Keys whose rows point elsewhere or nowhere now, and have not been answered. In an inner join a row that begins to point
 * somewhere, or changes and points where it did, asks only for a row that is there: silence then means that nothing is
 * to be taken back. That holds unless the answer that takes an earlier result back is still on its way, since it will be
 * overtaken by the new value:
 *
 * 1. a row points at `a`, and has a result; it is deleted, and `a` is told;
 * 2. before `a` answers, the row is there again and points at `b`, which does not exist: `b` would say nothing;
 * 3. the answer of `a` is to a value that the row no longer has, and is dropped: the result of 1 would stay for ever.
 *
 * Such a row asks for an answer in any case.
 */
export class Unanswered {
  readonly #hashes = new Map<string, string[]>()
  /** Answers to what a predecessor, or an aborted transaction, has asked may be on their way. */
  mayHaveMore = false

  note(primaryKey: Uint8Array, hash: Buffer | null): void {
    const key = bytesText(primaryKey)
    const hashes = this.#hashes.get(key) ?? []
    this.#hashes.set(key, hashes)
    hashes.push(textOf(hash))
  }

  answered(primaryKey: Uint8Array, hash: Buffer | null): void {
    const key = bytesText(primaryKey)
    const hashes = this.#hashes.get(key)
    const at = hashes?.indexOf(textOf(hash)) ?? -1
    if (hashes === undefined || at < 0) return
    hashes.splice(at, 1)
    if (hashes.length === 0) this.#hashes.delete(key)
  }

  mayBe(primaryKey: Uint8Array): boolean {
    return this.mayHaveMore || this.#hashes.has(bytesText(primaryKey))
  }
}

function textOf(hash: Buffer | null): string {
  return hash === null ? '' : bytesText(hash)
}
