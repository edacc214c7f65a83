import { serdes } from '@millrace/contracts'
import type { Header } from '@millrace/protocol'
import {
  keyValueStoreWithHeaders,
  type ReadOnlyKeyValueStore,
  type ReadOnlySessionStore,
  type ReadOnlyWindowStore,
  type StoreBuilder,
  sessionStore,
  sessionStoreWithHeaders,
  type Topology,
  timestampedKeyValueStore,
  type WindowStore,
  windowStore,
  windowStoreWithHeaders,
} from '../../../src/index.ts'
import { texts } from '../contracts.ts'
import { type Difference, record, type Scenario, type ScenarioGroup } from '../scenario.ts'

const stream = texts('stream')
const table = texts('table')
const out = texts('out')

/** Values of the stream are the key to look up; `-` is none. */
const both = [
  record(stream, 's1', 'a', 10, { trace: 's1' }),
  record(table, 'a', 'T1', 50, { trace: 't1' }),
  record(stream, 's2', 'a', 20, { trace: 's2' }),
  record(table, 'a', 'T2', 5),
  record(stream, 's3', 'a', 15),
  record(stream, null, 'a', 16),
  record(stream, null, '-', 17),
  record(stream, 's4', '-', 18),
  record(stream, 's5', null, 19),
  record(stream, null, null, 20),
  record(table, null, 'T3', 21),
  record(table, 'a', null, 22),
  record(stream, 's6', 'a', 23),
  record(table, 's', 'T4', 60),
  record(stream, 's7', 's', 24),
  record(stream, 's8', 'null', 25),
  record(table, 'null', 'T5', 61),
  record(stream, 's9', 'null', 26),
]

const joined = (value: string | null, row: string | null): string =>
  value === 'null' ? (null as never) : `${value}+${row}`
const mapKey = (value: string | null): string | null => (value === '-' ? null : value)

function each(name: string, options: { readonly store?: string; readonly name?: string }): Scenario[] {
  return (['join', 'leftJoin'] as const).map((kind) => ({
    name: `${kind}: ${name}`,
    input: both,
    build: (app) => {
      const { store, name: step } = options
      const rows = app.globalTable(table, store === undefined ? {} : { store })
      const how = { mapKey, ...(step !== undefined && { name: step }) }
      const values = app.stream(stream)
      const result = kind === 'join' ? values.join(rows, joined, how) : values.leftJoin(rows, joined, how)
      result.to(out)
    },
  }))
}

type Fill = (app: Topology, store: ReturnType<typeof filled>, name: string | undefined) => void

const filled = () =>
  timestampedKeyValueStore<string, string>({ name: 'filled', key: serdes.string, value: serdes.string })

/** A processor fills the store, under keys of its own making; another one reads it. */
function filledBy(name: string, fill: Fill, step?: string): Scenario {
  return {
    name,
    input: both,
    build: (app) => {
      fill(app, filled(), step)
      const stores = name.startsWith('a store of tasks') ? ['filled'] : []
      app
        .stream(stream, { tombstones: true })
        .process<string, string>(
          (context) => ({
            process({ key, value }) {
              const rows = context.store<ReadOnlyKeyValueStore<string, string>>('filled')
              const row = rows.get(value ?? 'none')
              context.forward({ key, value: `${value}+${row?.value ?? null}+${row?.timestamp ?? null}` })
            },
          }),
          { name: 'reading', stores, key: serdes.string, value: serdes.string },
        )
        .to(out)
    },
  }
}

const fillGlobal: Fill = (app, store, name) =>
  app.globalStore(
    table,
    (context) => {
      const rows = context.store(store)
      return {
        process({ key, value, timestamp }) {
          rows.put(key ?? 'none', value === null ? null : value.toLowerCase(), timestamp)
          if (key === 's') rows.put('a', 'from s', timestamp + 1)
        },
      }
    },
    { store, ...(name !== undefined && { name }) },
  )

const fillOfTasks: Fill = (app, store, name) =>
  app.readOnlyStore(
    table,
    (context) => {
      const rows = context.store(store)
      return { process: ({ key, value, timestamp }) => rows.put(key ?? 'none', value, timestamp) }
    },
    { store, ...(name !== undefined && { name }) },
  )

const windows = () =>
  windowStore<string, string>({ name: 'filled', key: serdes.string, value: serdes.string, sizeMs: 10, retentionMs: 40 })
const headedWindows = () =>
  windowStoreWithHeaders<string, string>({
    name: 'filled',
    key: serdes.string,
    value: serdes.string,
    sizeMs: 10,
    retentionMs: 40,
  })
const sessions = () =>
  sessionStore<string, string>({ name: 'filled', key: serdes.string, value: serdes.string, retentionMs: 40 })
const headedSessions = () =>
  sessionStoreWithHeaders<string, string>({ name: 'filled', key: serdes.string, value: serdes.string, retentionMs: 40 })
const headedRows = () =>
  keyValueStoreWithHeaders<string, string>({ name: 'filled', key: serdes.string, value: serdes.string })

type Putting = (key: string, value: string | null, timestamp: number) => void
type Reading = (key: string) => Iterable<string>

interface Kind {
  readonly name: string
  readonly store: () => StoreBuilder<never>
  readonly put: (store: never) => Putting
  readonly read: (view: never) => Reading
}

/** Global stores that a processor fills, kind by kind; another processor lists what each has of a key. */
const kinds: readonly Kind[] = [
  kind({
    name: 'windows',
    store: windows,
    put: (store) => (key, value, timestamp) => store.put(key, timestamp - (timestamp % 10), value, timestamp),
    read: (view: ReadOnlyWindowStore<string, string>) => (key) => windowTexts(view, key),
  }),
  kind({
    name: 'windows with headers',
    store: headedWindows,
    put: (store) => (key, value, timestamp) => store.put(key, timestamp - (timestamp % 10), value, { timestamp }),
    read: (view: ReadOnlyWindowStore<string, string>) => (key) => windowTexts(view, key),
  }),
  kind({
    name: 'sessions',
    store: sessions,
    put: (store) => (key, value, timestamp) => store.put(key, { startMs: timestamp - 3, endMs: timestamp }, value),
    read: (view: ReadOnlySessionStore<string, string>) => (key) => sessionTexts(view, key),
  }),
  kind({
    name: 'sessions with headers',
    store: headedSessions,
    put: (store) => (key, value, timestamp) => store.put(key, { startMs: timestamp - 3, endMs: timestamp }, value),
    read: (view: ReadOnlySessionStore<string, string>) => (key) => sessionTexts(view, key),
  }),
  kind({
    name: 'rows with headers',
    store: headedRows,
    put: (store) => (key, value, timestamp) => store.put(key, value, { timestamp }),
    read: (view: ReadOnlyKeyValueStore<string, string>) => (key) => {
      const row = view.get(key)
      return row === undefined ? [] : [`${row.value}@${row.timestamp}${headerText(row)}`]
    },
  }),
]

function kind<S, View>(given: {
  readonly name: string
  readonly store: () => StoreBuilder<S>
  readonly put: (store: S) => Putting
  readonly read: (view: View) => Reading
}): Kind {
  return given as unknown as Kind
}

function* windowTexts(view: ReadOnlyWindowStore<string, string>, key: string): Generator<string> {
  for (const window of view.fetch(key, { fromMs: 0, toMs: 1_000 })) {
    yield `${window.start}:${window.value}@${window.timestamp}${headerText(window)}`
  }
}

function* sessionTexts(view: ReadOnlySessionStore<string, string>, key: string): Generator<string> {
  for (const session of view.fetch(key)) yield `${session.start}-${session.end}:${session.value}${headerText(session)}`
}

function headerText(row: object): string {
  const { headers = [] } = row as { readonly headers?: readonly Header[] }
  return headers.map((header) => `;${header.key}=${header.value}`).join('')
}

const visits = [
  record(table, 'a', 'one', 12, { trace: '1' }),
  record(table, 'a', 'two', 17, { trace: '2' }),
  record(table, 'a', 'three', 25),
  record(table, 'b', 'four', 31, { trace: '4' }),
  record(stream, 's1', 'a', 1),
  record(table, 'a', null, 25),
  record(table, 'a', 'late', 14),
  record(table, 'b', 'far', 61),
  record(table, 'a', 'too late', 15),
  record(stream, 's2', 'a', 2),
  record(stream, 's3', 'b', 3),
  record(stream, 's4', 'c', 4),
]

const expired: Difference = {
  in: 'dropped',
  ours: 1,
  why: 'Kafka Streams takes what is past retention while there is a segment for it, and shows it to nobody: it is no loss, but counted here',
}

function filledOf({ name, store, put, read }: Kind): Scenario {
  return {
    name: `a global store of ${name}`,
    input: visits,
    ...(!name.startsWith('rows') && { differs: [expired] }),
    build: (app) => {
      const declared = store() as StoreBuilder<WindowStore<string, string>>
      app.globalStore(
        table,
        (context) => {
          const putting = put(context.store(declared) as never)
          return { process: ({ key, value, timestamp }) => putting(key, value, timestamp) }
        },
        { store: declared },
      )
      app
        .stream(stream)
        .process<string, string>(
          (context) => ({
            process({ key, value }) {
              const found = read(context.store<never>('filled'))(value)
              context.forward({ key, value: `${value}: ${[...found].join(' ')}` })
            },
          }),
          { name: 'reading', key: serdes.string, value: serdes.string },
        )
        .to(out)
    },
  }
}

export const globalJoins: ScenarioGroup = {
  name: 'global-joins',
  javaClass: 'GlobalJoins',
  scenarios: [
    ...each('no names', {}),
    ...each('names', { store: 'rows', name: 'looked-up' }),
    filledBy('a global store filled by a processor', fillGlobal),
    filledBy('a global store filled by a processor, named', fillGlobal, 'filling'),
    filledBy('a store of tasks filled from a topic', fillOfTasks, 'filling'),
    ...kinds.map(filledOf),
  ],
}
