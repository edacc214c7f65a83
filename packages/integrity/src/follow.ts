import { type KeyValueStore, keyValueStore, type ProcessorContext, type ProcessorSupplier } from '@millrace/streams'
import { referenceText, type Signal } from './signals.ts'

/** What a record referred to last, as text and as it was. */
interface Held {
  readonly text: string
  readonly value: unknown
}

/** What is told of a record that no longer stands for what it stood for. */
type Ended = (key: unknown, before: Held) => Signal
type Follower = ProcessorSupplier<unknown, unknown, string, Signal>

/** Tells which records begin and cease to refer to what, whenever that changes. */
export function followReferences(field: string, isHeld: ((value: never) => boolean) | undefined): Follower {
  const ended: Ended = (child, { value: parent }) => ({ kind: 'reference', held: false, child, parent })
  return follow('children', ended, (key, value) => {
    const held = (value as Readonly<Record<string, unknown>> | null)?.[field]
    if (value === null || held === undefined || held === null || isHeld?.(value as never) === false) return undefined
    return { value: held, signal: { kind: 'reference', held: true, child: key, parent: held } }
  })
}

/** Tells which records that can be referred to are there, and which are deleted. */
export function followParents(field: string | undefined): Follower {
  const ended: Ended = (key) => ({
    kind: 'parent',
    present: false,
    ...(field !== undefined && { holder: referenceText(key) }),
  })
  return follow('parents-by-key', ended, (key, value) => {
    const name = field === undefined ? key : (value as Readonly<Record<string, unknown>> | null)?.[field]
    if (value === null || name === undefined || name === null) return undefined
    const holder = field === undefined ? {} : { holder: referenceText(key) }
    return { value: name, signal: { kind: 'parent', present: true, ...holder } }
  })
}

/** Takes a record to what it stands for, and hands on a signal when that ends or begins. */
function follow(
  store: string,
  ended: Ended,
  read: (key: unknown, value: unknown) => { value: unknown; signal: Signal } | undefined,
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
          if (before) context.forward({ key: before.text, value: ended(key, before) })
          last.put(name, text === undefined ? null : { text, value: now?.value })
          if (now && text !== undefined) context.forward({ key: text, value: now.signal })
        },
      }
    },
  }
}
