import type { StorePlan, TaskId } from '../core/topology/plan.ts'
import { streamsError } from '../errors.ts'
import type { StateStores } from './state-stores.ts'

/**
 * Notes of each store on disk what kind it is, before it is opened; one that was of another kind holds what this one cannot
 * read.
 *
 * @throws STREAMS_STORE_CHANGED
 */
export function checkStoreKinds(stores: StateStores, taskId: TaskId, plans: readonly StorePlan[]): void {
  for (const { name, kind, hasHeaders } of plans) {
    const note = `kind:${name}`
    const form = hasHeaders ? `${kind} with headers` : kind
    const known = stores.note(taskId, note)
    if (known === form) continue
    if (known !== undefined) {
      const message = `store ${name} was made as ${known}, and is ${form} now`
      throw streamsError('STREAMS_STORE_CHANGED', message, { store: name, found: known, expected: form })
    }
    stores.setNote(taskId, note, form)
  }
}
