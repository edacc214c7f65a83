/**
 * Runs pieces of work one after the other, whatever becomes of those before. A connection of SQLite has one transaction at a time, and
 * a statement beside it would be part of it.
 */
export function inTurn(): <T>(work: () => PromiseLike<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work)
    last = turn.catch(() => {})
    return turn
  }
}
