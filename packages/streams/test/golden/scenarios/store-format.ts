import type { RecordStep, Scenario, ScenarioGroup, Step } from '../scenario.ts'
import { aggregates } from './aggregates.ts'
import { caches } from './caches.ts'
import { cogroups } from './cogroups.ts'
import { foreignKeyJoins } from './foreign-key-joins.ts'
import { globalJoins } from './global-joins.ts'
import { optimizations } from './optimizations.ts'
import { processors } from './processors.ts'
import { sessionWindows } from './sessions.ts'
import { sliding } from './sliding.ts'
import { streamJoins } from './stream-joins.ts'
import { streamTableJoins } from './stream-table-joins.ts'
import { suppression } from './suppression.ts'
import { tableJoins } from './table-joins.ts'
import { tables } from './tables.ts'
import { timeWindows } from './time-windows.ts'
import { versionedTables } from './versioned-tables.ts'

const chosen: readonly (readonly [group: ScenarioGroup, ...scenarios: string[]])[] = [
  [aggregates, 'count by key', 'reduce', 'aggregate', 'a filter of an aggregate, with a store'],
  [
    caches,
    'reduce',
    'two caches in a row',
    'a table',
    'outerJoin of tables',
    'tumbling reduce',
    'hopping reduce, filtered',
  ],
  [cogroups, 'three inputs', 'windows', 'sessions'],
  [foreignKeyJoins, 'leftJoin: names'],
  [globalJoins, 'leftJoin: names', 'a global store filled by a processor'],
  [optimizations, 'a table of a topic, a join of a stream with itself and an aggregate of changed keys, all optimised'],
  [
    processors,
    'deletes, puts if absent, and what a plain store logs',
    'a store with headers',
    'a table restored from its topic',
  ],
  [sessionWindows, 'reduce', 'with a cache', 'headers', 'old values downstream'],
  [sliding, 'reduce', 'with a cache', 'tumbling, on close', 'sessions, on close'],
  [streamJoins, 'outerJoin: grace'],
  [streamTableJoins, 'leftJoin: two topics'],
  [suppression, 'final results of windows', 'final results of sessions', 'a time limit'],
  [tableJoins, 'outerJoin: with a store'],
  [
    tables,
    'a table with a store as a stream',
    'mapValues to null, with a store',
    'regrouped aggregate, with a null result',
  ],
  [timeWindows, 'tumbling count', 'hopping aggregate', 'a windowed table, regrouped'],
  [versionedTables, 'leftJoin'],
]

/** Programs of other groups, with headers in their stores (KIP-1285). */
export const storeFormat: ScenarioGroup = {
  name: 'store-format',
  // Each names the class of its program.
  javaClass: 'Golden',
  scenarios: chosen.flatMap(([group, ...names]) => names.map((name) => withHeaders(group, name))),
}

function withHeaders({ name: group, javaClass, scenarios }: ScenarioGroup, name: string): Scenario {
  const scenario = scenarios.find((each) => each.name === name)
  if (scenario === undefined) throw new Error(`there is no scenario '${name}' in ${group}`)
  const { input, properties, topology } = scenario
  return {
    ...scenario,
    name: `${group}: ${name}`,
    program: { javaClass, name },
    // Sessions lose headers in Kafka Streams.
    input: /session/.test(group + name) ? input : input.map(stamped),
    properties: { ...properties, 'dsl.store.format': 'HEADERS' },
    topology: { ...topology, storeFormat: 'headers' },
  }
}

/** Each record has a header of its own, so that it shows whose headers a result has. */
function stamped(step: Step, at: number): Step {
  if ('advanceMs' in step) return step
  if ('batch' in step) return { batch: step.batch.map((each, nth) => stampedRecord(each, `${at}.${nth}`)) }
  return stampedRecord(step, String(at))
}

function stampedRecord(step: RecordStep, stamp: string): RecordStep {
  return { ...step, headers: [...step.headers, ['step', stamp]] }
}
