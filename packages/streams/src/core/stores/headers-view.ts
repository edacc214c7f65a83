import type { TopologyPlan } from '../topology/plan.ts'
import type { TaskStore } from './task-store.ts'
import { hidesHeaders, withHeadersApart } from './value-headers.ts'
import type { ReadOnlyStore } from './views.ts'

/** A global store as processors read it: rows have their headers, where the store keeps some, beside the value. */
export function globalView(
  { globalStores }: Pick<TopologyPlan, 'globalStores'>,
  stores: ReadonlyMap<string, TaskStore> | undefined,
  name: string,
): ReadOnlyStore | undefined {
  const view = stores?.get(name)?.view('uncommitted')
  const spec = globalStores.find(({ store }) => store.name === name)?.store
  return view && spec?.hasHeaders && !hidesHeaders(spec.valueSerde) ? headersView(view) : view
}

function headersView(view: ReadOnlyStore): ReadOnlyStore {
  switch (view.kind) {
    case 'keyValue':
      return {
        kind: view.kind,
        get: (key) => apart(view.get(key)),
        range: (query) => each(view.range(query)),
        all: () => each(view.all()),
      }
    case 'window':
      return {
        kind: view.kind,
        get: (key, startMs) => apart(view.get(key, startMs)),
        fetch: (key, query) => each(view.fetch(key, query)),
        fetchAll: (query) => each(view.fetchAll(query)),
        all: () => each(view.all()),
      }
    case 'session':
      return {
        kind: view.kind,
        fetchSession: (key, startMs, endMs) => apart(view.fetchSession(key, startMs, endMs)),
        findSessions: (key, query) => each(view.findSessions(key, query)),
        fetch: (key) => each(view.fetch(key)),
        all: (query) => each(view.all(query)),
      }
    default:
      return view
  }
}

function apart<E extends { readonly value: unknown }>(entry: E | undefined): E | undefined {
  return entry && withHeadersApart(entry)
}

function* each<E extends { readonly value: unknown }>(entries: Iterable<E>): Generator<E> {
  for (const entry of entries) yield withHeadersApart(entry)
}
