import { serdes } from '@millrace/contracts'
import { type ReadOnlyKeyValueStore, type Topology, timestampedKeyValueStore } from '../../../src/index.ts'
import { texts } from '../contracts.ts'
import { record, type Scenario, type ScenarioGroup } from '../scenario.ts'

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

export const globalJoins: ScenarioGroup = {
  name: 'global-joins',
  javaClass: 'GlobalJoins',
  scenarios: [
    ...each('no names', {}),
    ...each('names', { store: 'rows', name: 'looked-up' }),
    filledBy('a global store filled by a processor', fillGlobal),
    filledBy('a global store filled by a processor, named', fillGlobal, 'filling'),
    filledBy('a store of tasks filled from a topic', fillOfTasks, 'filling'),
  ],
}
