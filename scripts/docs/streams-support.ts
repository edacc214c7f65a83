import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { groups } from '../../packages/streams/test/golden/groups.ts'

interface Feature {
  readonly name: string
  /** What there is; what is missing or another way stands in `but`. */
  readonly has: string
  readonly but?: string
  /** Groups of golden scenarios, and files of the repository, that show it. */
  readonly shown: readonly string[]
}

const core = 'packages/streams/src/core'
const tests = 'packages/streams/test'

/** What Kafka Streams 4.3 has, and what stands for it here. */
const features: readonly Feature[] = [
  {
    name: 'Stateless steps',
    has: '`filter`, `filterNot`, `map`, `mapValues`, `flatMap`, `flatMapValues`, `selectKey`, `peek`, `forEach`, `print`, `merge`, `split`, `to`, `toOneOf` (dynamic topics), `toTable`, `repartition`',
    but: 'The topics of `toOneOf` are named beforehand. Tombstones reach only callbacks that are typed for them.',
    shown: ['stateless', 'chains'],
  },
  {
    name: 'Grouping and aggregates',
    has: '`groupByKey`, `groupBy`, of streams and of tables; `count`, `reduce`, `aggregate`, with adder and subtractor for tables',
    but: 'What was there before the first value is nothing; with its cache off, Kafka Streams says the initial value.',
    shown: ['aggregates', 'tables', 'caches'],
  },
  { name: 'Cogroup', has: 'without windows and with each kind of them', shown: ['cogroups'] },
  {
    name: 'Windows',
    has: 'tumbling, hopping, sliding, session, unlimited, with grace; calendar windows in time zones beside',
    shown: ['time-windows', 'sliding', 'sessions', `${core}/windows/calendar-window.test.ts`],
  },
  {
    name: 'Final results, suppression',
    has: '`emit: onClose`, `untilTimeLimit`, `untilWindowCloses`, bounds that emit early or shut down',
    but: 'Results on close come with the record that closes the window, not once a second.',
    shown: ['suppression', 'time-windows'],
  },
  {
    name: 'Joins of streams and tables',
    has: 'stream-stream (inner, left, outer), stream-table, stream-global table, table-table, a stream with itself',
    shown: ['stream-joins', 'stream-table-joins', 'global-joins', 'table-joins'],
  },
  {
    name: 'Joins by foreign key',
    has: "inner and left, the key from value and key (KIP-1104), in Java's formats",
    but: 'An overtaken answer that takes a result back makes the row ask again; in Kafka Streams the result of an inner join then stays.',
    shown: ['foreign-key-joins', `${core}/foreign-key/concurrent-updates.test.ts`],
  },
  {
    name: 'Versions and temporal joins',
    has: 'tables, aggregates, joined and mapped tables with versions; versioned stores of processors; grace (KIP-889, 914, 923)',
    shown: ['versioned-tables', `${core}/operators/temporal-join.test.ts`],
  },
  {
    name: 'Processor API',
    has: '`process`, `processValues`, context, headers, named children, punctuations by stream time and wall clock with a start (KIP-1146), stores that suppliers bring, hand-written graphs, read-only stores (KIP-813)',
    shown: ['processors', 'global-joins', `${core}/processing/punctuations.test.ts`],
  },
  {
    name: 'Stores',
    has: 'key-value, timestamped, window, session, versioned; on disk, in memory, or supplied; with headers (KIP-1271), those of the DSL by `dsl.store.format` (KIP-1285); caching, logging, settings of changelogs',
    but: 'As in Kafka Streams 4.3, steps of the DSL put no headers into their stores, and those in memory are as they were. A store with a changelog that begins to keep headers is restored.',
    shown: [
      `${tests}/stores/stores.test.ts`,
      'processors',
      'processor-stores',
      'store-format',
      'packages/streams/src/runtime/store-kinds.test.ts',
      'conformance/streams/takeover.test.ts',
    ],
  },
  {
    name: 'Restoring and local state',
    has: 'from checkpoints that are part of the store (KIP-1035), listeners of restoring and standby copies',
    shown: [`${tests}/stores/task-crashes.test.ts`, `${tests}/standbys.test.ts`, `${tests}/killed-process.test.ts`],
  },
  {
    name: 'Exactly once',
    has: 'v2, and at least once; fencing at rebalances; commit interval',
    shown: [`${tests}/simulation/main.ts`, 'conformance/kills', 'packages/streams/README.md'],
  },
  {
    name: 'Transactional stores',
    has: 'always, at least once too: the disk is written after the commit, queries see committed state (KIP-892)',
    shown: [`${tests}/stores/task-crashes.test.ts`, 'docs/decisions/0407-committed-state-read-beside-the-worker.md'],
  },
  {
    name: 'Assignment',
    has: 'sticky, standby copies, warm-ups (KIP-441), tags (KIP-708), racks and the cost of traffic between them (KIP-925), an assignor of your own, static members (KIP-345)',
    but: 'Racks decide where tasks run; reading is from leaders all the same. No `group.protocol=streams` (KIP-1071).',
    shown: [
      `${tests}/standbys.test.ts`,
      `${tests}/rebalances.test.ts`,
      'packages/streams/src/runtime/assignment/assign-tasks.test.ts',
      'packages/streams/src/runtime/assignment/rack-traffic.test.ts',
      `${tests}/simulation/main.ts`,
    ],
  },
  {
    name: 'Interactive queries',
    has: 'key, range, prefix, all, reverse, windows, sessions, versions, with headers where a store keeps them (KIP-1356); typed queries with position bounds (KIP-796); metadata, lags, standby reads; over HTTP from any instance',
    but: "They see what was committed, at least once too, where that may be a commit interval old; `isolation: 'uncommitted'` sees what was processed.",
    shown: [`${tests}/queries.test.ts`, 'packages/millrace/test/queries.test.ts', 'docs/guides/query-state.md'],
  },
  {
    name: 'Failure handlers',
    has: 'for deserialising, processing, producing and global stores (KIP-1033, 1270); dead letters (KIP-1034); replace the thread, shut down client or application (KIP-671)',
    shown: [
      `${tests}/failures.test.ts`,
      `${tests}/refused-output.test.ts`,
      `${core}/failure-handlers.test.ts`,
      `${core}/global-store.test.ts`,
    ],
  },
  {
    name: 'Names and `describe()`',
    has: "equal to Java's; explicit names (KIP-1111); wrappers (KIP-1112)",
    but: 'Wrappers are asked for what fills stores from topics, too.',
    shown: [
      'naming',
      'basic-naming',
      `${core}/topology/explicit-names.test.ts`,
      `${core}/processing/processor-wrapper.test.ts`,
    ],
  },
  {
    name: 'Optimisations',
    has: '`reuse.ktable.source.topics`, `merge.repartition.topics`, `single.store.self.join`, one by one or all',
    but: 'Branches and merges of merges, at which Kafka Streams gives up, are merged too.',
    shown: ['optimizations', `${core}/dsl/optimizations.test.ts`],
  },
  {
    name: 'Operations',
    has: 'pause and resume, threads added and removed, what becomes of the place in the group at a close, the reset tool',
    but: "Several topologies are several instances. Java's `streams-groups` is for the protocol that is missing.",
    shown: [`${tests}/operations.test.ts`, `${tests}/threads.test.ts`, `${tests}/reset.test.ts`],
  },
  {
    name: 'Time',
    has: 'extractors, `max.task.idle.ms`, stream time that is committed, times of results',
    shown: [`${core}/time/timestamp-extractors.test.ts`, `${core}/stream-task.test.ts`, 'types'],
  },
  {
    name: 'Test driver',
    has: 'without broker, sockets or timers: a thousand records take less than 50 ms of CPU',
    shown: ['packages/streams/src/testing/test-driver.test.ts'],
  },
  {
    name: 'Metrics',
    has: 'on all levels, beside their names in JMX',
    shown: ['docs/reference/streams-metrics.md', `${tests}/metrics.test.ts`],
  },
  {
    name: 'Serdes',
    has: 'texts, bytes, booleans, `int16`, `int32`, `int64`, `float32`, `float64`, UUIDs, nothing (`Void`), JSON, lists (KIP-466), windowed keys, pairs of old and new (KIP-904), as Java writes them; Avro, Protobuf and JSON Schema through a schema registry, with subjects as in Kafka Streams',
    but: 'Schema ids stand in front of values, not in headers.',
    shown: [
      'types',
      `${core}/serdes/serdes.test.ts`,
      'packages/contracts/src/list-serde.test.ts',
      'packages/registry/test/streams.test.ts',
      'conformance/streams/takeover.test.ts',
      'conformance/registry/registry.test.ts',
    ],
  },
  {
    name: 'Configuration',
    has: 'every key of Kafka Streams: an option, without effect, or refused with the reason',
    shown: ['docs/reference/streams-config.md', `${tests}/config-keys.test.ts`],
  },
  {
    name: 'Global tables and stores',
    has: 'loaded before the first record; joined under any key; stores of rows, windows and sessions filled by a processor of your own',
    but: 'Versions are not kept by them.',
    shown: ['global-joins', `${tests}/global-tables.test.ts`, `${core}/global-store.test.ts`],
  },
  {
    name: 'Joins that explain themselves',
    has: 'beyond Kafka Streams: each miss with its reason and both times, and streams that wait for their table',
    shown: [`${core}/metrics/join-misses.test.ts`, `${core}/operators/wait-for-table.test.ts`, 'docs/guides/joins.md'],
  },
]

/** `docs/reference/streams.md`: what of Kafka Streams there is. */
export function streamsSupportPage(root: string): string {
  const total = groups.reduce((sum, { scenarios }) => sum + scenarios.length, 0)
  const rows = features.map(({ name, has, but = '', shown }) => {
    return `| ${name} | ${has} | ${but} | ${shown.map((each) => evidence(root, each)).join(', ')} |`
  })
  return `# What of Kafka Streams there is

Beside Kafka Streams 4.3. Numbers are those of scenarios whose outcome (bytes, times and headers of outputs and internal topics, stores,
dropped records, \`describe()\`) equals what Kafka Streams' own test driver makes of the same program and input: ${total} in all, in
\`packages/streams/test/golden\`. What is another way on purpose stands in [the package's README](../../packages/streams/README.md).

This page is generated from the code by \`npm run generate\`.

| | There is | But | Shown by |
|---|---|---|---|
${rows.join('\n')}
`
}

/** Nothing is claimed that nobody shows. */
function evidence(root: string, shown: string): string {
  const group = groups.find(({ name }) => name === shown)
  if (group !== undefined) return `\`${shown}\` (${group.scenarios.length})`
  if (!existsSync(join(root, shown))) throw new Error(`the support page of streams names ${shown}, which is not there`)
  return `[${shown.split('/').at(-1)}](../../${shown})`
}
