import { serdes } from '@millrace/contracts'
import type { Header } from '@millrace/protocol'
import {
  type FixedKeyProcessorContext,
  type ProcessorContext,
  type StoreBuilder,
  sessionStore,
  sessionStoreWithHeaders,
  versionedStore,
  windowStore,
  windowStoreWithHeaders,
} from '../../../src/index.ts'
import { texts } from '../contracts.ts'
import { record, type Scenario, type ScenarioGroup } from '../scenario.ts'

const input = texts('in')
const out = texts('out')
const kept = { name: 'kept', key: serdes.string, value: serdes.string }
const sizeMs = 100
const retentionMs = 400

/** Headers, out of order, deletions, several keys, windows and sessions that expire. */
const events = [
  record(input, 'a', 'one', 1_010, { trace: '1' }),
  record(input, 'a', 'two', 1_090, { trace: '2' }),
  record(input, 'b', 'three', 1_020),
  record(input, 'a', 'four', 1_105),
  record(input, 'a', 'five', 1_050),
  record(input, 'b', null, 1_030),
  record(input, 'a', null, 1_090),
  record(input, 'b', 'six', 1_400, { trace: '6' }),
  record(input, 'a', 'seven', 1_300),
  record(input, 'b', 'eight', 2_000),
  record(input, 'a', 'nine', 1_900, { trace: '9' }),
]

/** Keeps the record, and tells what the store has of its key. */
interface Keeping {
  keep(key: string, value: string | null, timestamp: number): void
  found(key: string, timestamp: number): Iterable<string>
}

/** Every record goes into the store, and what the store has of its key is handed on. */
function keptIn<S>(name: string, store: () => StoreBuilder<S>, open: (store: S) => Keeping): Scenario {
  return {
    name,
    input: events,
    build: (app) => {
      const declared = store()
      app
        .stream(input, { tombstones: true })
        .process(
          (context: ProcessorContext<string, string>) => {
            const keeping = open(context.store(declared))
            return {
              process({ key, value, timestamp }) {
                keeping.keep(key!, value, timestamp)
                context.forward({ key, value: `${value}: ${[...keeping.found(key!, timestamp)].join(' ')}` })
              },
            }
          },
          { name: 'keeping', stores: [declared], key: serdes.string, value: serdes.string },
        )
        .to(out)
    },
  }
}

const startOf = (timestamp: number): number => timestamp - (timestamp % sizeMs)
const around = (timestamp: number) => ({ fromMs: timestamp - 300, toMs: timestamp + 300 })
const headersOf = (row: { readonly headers: readonly Header[] }): string =>
  row.headers.map(({ key, value }) => `;${key}=${value}`).join('')

/** No value, no key, out of order, late for all that was. */
const unlikely = [
  record(input, 'a', 'one', 100, { trace: 'x' }),
  record(input, 'a', null, 110, { trace: 'y' }),
  record(input, null, 'two', 50),
  record(input, null, null, 60),
  record(input, 'b', 'three', 7),
]

export const processorStores: ScenarioGroup = {
  name: 'processor-stores',
  javaClass: 'ProcessorStores',
  scenarios: [
    keptIn(
      'windows',
      () => windowStore<string, string>({ ...kept, sizeMs, retentionMs }),
      (store) => ({
        keep: (key, value, timestamp) => store.put(key, startOf(timestamp), value, timestamp),
        *found(key, timestamp) {
          for (const row of store.fetch(key, around(timestamp))) yield `${row.start}:${row.value}@${row.timestamp}`
        },
      }),
    ),
    keptIn(
      'windows with headers',
      () => windowStoreWithHeaders<string, string>({ ...kept, sizeMs, retentionMs }),
      (store) => ({
        keep: (key, value, timestamp) => store.put(key, startOf(timestamp), value, { timestamp }),
        *found(key, timestamp) {
          for (const row of store.fetch(key, around(timestamp))) {
            yield `${row.start}:${row.value}@${row.timestamp}${headersOf(row)}`
          }
        },
      }),
    ),
    keptIn(
      'sessions',
      () => sessionStore<string, string>({ ...kept, retentionMs }),
      (store) => ({
        keep: (key, value, timestamp) => store.put(key, { startMs: timestamp - 30, endMs: timestamp }, value),
        *found(key) {
          for (const { start, end, value } of store.fetch(key)) yield `${start}-${end}:${value}`
        },
      }),
    ),
    keptIn(
      'sessions with headers',
      () => sessionStoreWithHeaders<string, string>({ ...kept, retentionMs }),
      (store) => ({
        keep: (key, value, timestamp) => store.put(key, { startMs: timestamp - 30, endMs: timestamp }, value),
        *found(key) {
          for (const row of store.fetch(key)) yield `${row.start}-${row.end}:${row.value}${headersOf(row)}`
        },
      }),
    ),
    keptIn(
      'versions',
      () => versionedStore<string, string>({ ...kept, historyRetentionMs: retentionMs }),
      (store) => ({
        keep: (key, value, timestamp) => store.put(key, value, timestamp),
        *found(key, timestamp) {
          for (const row of [store.get(key), store.get(key, timestamp - 50)]) yield `${row?.value}@${row?.timestamp}`
        },
      }),
    ),
    {
      name: 'no store, and whatever comes',
      input: unlikely,
      build: (app) => {
        const all = app.stream(input, { tombstones: true })
        all
          .process(
            (context: ProcessorContext<string, string>) => ({
              process({ key, value, timestamp }) {
                context.forward({ key: `${key}`, value: `${value}@${timestamp}`, timestamp: timestamp + 1 })
              },
            }),
            { key: serdes.string, value: serdes.string },
          )
          .to(out)
        all
          .processValues(
            (context: FixedKeyProcessorContext<string, string>) => ({
              process(record) {
                context.forward({ ...record, value: `${record.value}@${record.timestamp}` })
                context.forward({ ...record, value: 'again', timestamp: record.timestamp + 1 })
              },
            }),
            { value: serdes.string },
          )
          .to(texts('values'))
      },
    },
  ],
}
