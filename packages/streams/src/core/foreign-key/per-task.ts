import type { RecordContext } from '../record-context.ts'

/** What several nodes of one task share. */
export type PerTask<T> = (context: RecordContext) => T

/** One for each task: the nodes of a task have its record context in common. */
export function perTask<T>(make: () => T): PerTask<T> {
  const tasks = new WeakMap<RecordContext, T>()
  return (context) => {
    const known = tasks.get(context)
    if (known !== undefined) return known
    const made = make()
    tasks.set(context, made)
    return made
  }
}
