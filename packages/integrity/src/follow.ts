import { type KeyValueStore, keyValueStore, type ProcessorContext, type ProcessorSupplier } from '@millrace/streams'
import { referenceText, type Signal } from './signals.ts'

/** What a record referred to last, as text and as it was. */
interface Held {
  readonly text: string
  readonly value: unknown
}

type Follower = ProcessorSupplier<unknown, unknown, string, Signal>

/** Tells which records begin and cease to refer to what, whenever that changes. */
export function followReferences(field: string, isHeld: ((value: never) => boolean) | undefined): Follower {
  return follow('children', (key, value) => {
    const held = (value as Readonly<Record<string, unknown>> | null)?.[field]
    if (value === null || held === undefined || held === null || isHeld?.(value as never) === false) return undefined
    return { value: held, signal: (isNow) => ({ kind: 'reference', held: isNow, child: key, parent: held }) }
  })
}

/** Tells which records that can be referred to are there, and which are deleted. */
export function followParents(field: string | undefined): Follower {
  return follow('parents-by-key', (key, value) => {
    const name = field === undefined ? key : (value as Readonly<Record<string, unknown>> | null)?.[field]
    if (value === null || name === undefined || name === null) return undefined
    return { value: name, signal: (isNow) => ({ kind: 'parent', present: isNow }) }
  })
}

/** Takes a record to what it stands for, and hands on a signal when that ends or begins. */
function follow(
  store: string,
  read: (key: unknown, value: unknown) => { value: unknown; signal: (isNow: boolean) => Signal } | undefined,
): Follower {
  const declared = keyValueStore<string, Held>({ name: store })
  return {
    stores: [declared],
    create(context: ProcessorContext<string, Signal>) {
      const last: KeyValueStore<string, Held> = context.store(declared)
      return {
        process({ key, value }) {
          // Without a key nothing could ever change or delete it.
          if (key === null || key === undefined) return
          const name = referenceText(key)
          const before = last.get(name)
          const now = read(key, value)
          const text = now && referenceText(now.value)
          if (before?.text === text) return
          if (before) context.forward({ key: before.text, value: ended(store, key, before) })
          last.put(name, text === undefined ? null : { text, value: now?.value })
          if (now && text !== undefined) context.forward({ key: text, value: now.signal(true) })
        },
      }
    },
  }
}

function ended(store: string, child: unknown, before: Held): Signal {
  return store === 'children'
    ? { kind: 'reference', held: false, child, parent: before.value }
    : { kind: 'parent', present: false }
}
