import type { ByteStore, ByteWrite } from '../core/stores/byte-store.ts'
import { withoutHeadersAsStored } from '../core/stores/value-headers.ts'
import type { StorePlan, TaskId } from '../core/topology/plan.ts'
import { layoutOf } from '../core/topology/store-kinds.ts'
import { streamsError } from '../errors.ts'
import type { StateStores } from './state-stores.ts'

type KnownKind = Pick<StorePlan, 'name' | 'kind' | 'hasHeaders'>

/**
 * Notes of each store on disk what kind it is, before it is opened; one that was of another kind holds what this one cannot
 * read. A store that begins to keep headers takes over what it held without (KIP-1271, KIP-1285); there is no way back, as
 * in Kafka Streams.
 *
 * @throws STREAMS_STORE_CHANGED
 */
export function checkStoreKinds(stores: StateStores, taskId: TaskId, plans: readonly StorePlan[]): void {
  for (const plan of plans) {
    const { name } = plan
    const note = noteOf(name)
    const form = formOf(plan)
    const known = stores.note(taskId, note)
    if (known === form) continue
    if (known !== undefined) {
      if (!beginsToKeepHeaders(plan, known)) {
        const message = `store ${name} was made as ${known}, and is ${form} now`
        throw streamsError('STREAMS_STORE_CHANGED', message, { store: name, found: known, expected: form })
      }
      takeOver(stores, taskId, plan)
    }
    stores.setNote(taskId, note, form)
  }
}

function noteOf(store: string): string {
  return `kind:${store}`
}

function formOf({ kind, hasHeaders }: KnownKind): string {
  return hasHeaders ? `${kind} with headers` : kind
}

const copying = 'copying its rows'
const copied = 'its rows copied'

function beginsToKeepHeaders({ kind, hasHeaders }: KnownKind, known: string): boolean {
  return hasHeaders === true && (known === kind || known === `${kind}, ${copying}` || known === `${kind}, ${copied}`)
}

/**
 * What has a changelog is restored from it: that takes its time beside other work. What has none is copied, row by row, and
 * back again; notes say how far that is, so that a crash in between loses nothing and no row is taken over twice.
 */
function takeOver(stores: StateStores, taskId: TaskId, plan: StorePlan): void {
  const { name, kind, changelogTopic, restoresFrom } = plan
  const old = stores.open({ taskId, store: name, ...layoutOf(plan) })
  if (changelogTopic !== undefined || restoresFrom !== undefined) {
    stores.wipe(taskId, name)
    return
  }
  const aside = `${name}-with-headers`
  const copy = stores.open({ taskId, store: aside, ...layoutOf(plan) })
  if (stores.note(taskId, noteOf(name)) !== `${kind}, ${copied}`) {
    stores.setNote(taskId, noteOf(name), `${kind}, ${copying}`)
    stores.wipe(taskId, aside)
    copyRows(old, copy, withoutHeadersAsStored)
    stores.setNote(taskId, noteOf(name), `${kind}, ${copied}`)
  }
  copyRows(copy, old, (value) => value)
  stores.setNote(taskId, noteOf(name), formOf(plan))
  stores.wipe(taskId, aside)
}

const rowsAtOnce = 10_000

function copyRows(from: ByteStore, to: ByteStore, form: (stored: Uint8Array) => Uint8Array): void {
  let rows: ByteWrite[] = []
  for (const [key, value] of from.range({})) {
    rows.push({ key: Buffer.from(key), value: Buffer.from(form(value)) })
    if (rows.length < rowsAtOnce) continue
    to.apply(rows, undefined)
    rows = []
  }
  to.apply(rows, undefined)
}
