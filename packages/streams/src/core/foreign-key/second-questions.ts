import { bytesText } from '../stores/bytes.ts'

/** A row as the rows' side last told of it. */
export interface ToldRow {
  readonly primaryKey: Buffer
  readonly foreignKey: unknown
  readonly hash: Buffer
  readonly timestamp: number
}

/**
 * Questions that are asked again. In an inner join a row that begins to point somewhere, or changes and points where it
 * did, asks only for a row that is there: silence then means that nothing is to be taken back. That holds unless the answer
 * that takes an earlier result back is still on its way, since it will be overtaken by the new value:
 *
 * 1. a row points at `a`, and has a result; it is deleted, and `a` is told;
 * 2. before `a` answers, the row is there again and points at `b`, which does not exist: `b` says nothing;
 * 3. the answer of `a` is to a value that the row no longer has, and is dropped: the result of 1 would stay for ever.
 *
 * It is the same where the row of `a` is deleted while a row that points at it changes. So an overtaken answer that takes
 * something back makes the row ask once more, and this time for an answer in any case. What is remembered here only spares
 * questions that are of no use, so that nothing is missed when a restart or an aborted transaction loses it.
 */
export class SecondQuestions {
  /** Asks the foreign side once more, in any case; set by the rows' side. */
  ask: (row: ToldRow) => void = () => {}
  /** The last question of a row for an answer in any case that has not come: hashes of the row's value, by its key. */
  readonly #open = new Map<string, Buffer>()

  /** The task begins, or begins again where it has committed. */
  begin(): void {
    this.#open.clear()
  }

  /** A question for an answer in any case is on its way. */
  asked(primaryKey: Uint8Array, hash: Buffer): void {
    this.#open.set(bytesText(primaryKey), hash)
  }

  answered(primaryKey: Uint8Array, hash: Buffer | null): void {
    if (this.#open.size === 0 || hash === null) return
    const key = bytesText(primaryKey)
    if (this.#open.get(key)?.equals(hash)) this.#open.delete(key)
  }

  /** Whether that will be answered: who changes faster than answers come would ask more and more often. */
  isOpen(primaryKey: Uint8Array, hash: Buffer): boolean {
    return this.#open.get(bytesText(primaryKey))?.equals(hash) === true
  }
}
