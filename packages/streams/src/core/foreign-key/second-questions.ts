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
 * something back makes the row ask once more, and this time for an answer in any case: nothing needs to be remembered that
 * a restart or an aborted transaction could lose, and nobody is asked twice where nothing was overtaken.
 */
export class SecondQuestions {
  /** Asks the foreign side once more, in any case; set by the rows' side. */
  ask: (row: ToldRow) => void = () => {}
  readonly #withNext = new Set<string>()

  /**
   * The row has a newer value, which a cache holds back, and of which nobody was told: it asks when it is handed on. Asking
   * now would be of no use where the answer is overtaken by it, and again and again until then.
   */
  askWithNext(primaryKey: Uint8Array): void {
    this.#withNext.add(bytesText(primaryKey))
  }

  /** Whether the row that is handed on now must ask for an answer in any case. */
  take(primaryKey: Uint8Array): boolean {
    return this.#withNext.size > 0 && this.#withNext.delete(bytesText(primaryKey))
  }
}
