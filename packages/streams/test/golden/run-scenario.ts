import { serdes, topic } from '@millrace/contracts'
import { runnable } from '../../src/core/dsl/topology.ts'
import { subscriptionSerde } from '../../src/core/foreign-key/subscription-serde.ts'
import type { StoredWithHeaders } from '../../src/core/stores/value-headers.ts'
import { type Topology, topology } from '../../src/index.ts'
import { type TestDriver, testDriver } from '../../src/testing.ts'
import { bytesForm, type EntryForm, type Outcome, recordForm, sortedEntries } from './outcome.ts'
import type { Scenario, Step } from './scenario.ts'

/** What comes of a scenario in our test driver. */
export function runScenario(scenario: Scenario): Outcome {
  const app = topology('golden', scenario.topology)
  scenario.build(app)
  using driver = driverOf(app, scenario)
  const failedAt = scenario.input.findIndex((step) => !taken(driver, step))
  return {
    describe: driver.describe().split('\n'),
    topics: topicsOf(app, driver),
    stores: storesOf(app, driver),
    dropped: droppedOf(driver),
    ...(failedAt >= 0 && { failedAt }),
  }
}

/** How many records of the input come too late for a step. */
export function lateOf(scenario: Scenario): number {
  const app = topology('golden', scenario.topology)
  scenario.build(app)
  using driver = driverOf(app, scenario)
  scenario.input.every((step) => taken(driver, step))
  const isLate = ({ labels }: { readonly labels: object }): boolean => (labels as { reason?: string }).reason === 'late'
  return [...driver.metrics()].reduce((sum, sample) => (isLate(sample) ? sum + sample.value : sum), 0)
}

function driverOf(app: Topology, { cacheMaxBytes = 0, startMs = 0 }: Scenario): TestDriver {
  return testDriver(app, { cacheMaxBytes, startMs })
}

const rawTopic = (name: string) => topic(name, { key: serdes.bytes, value: serdes.bytes })

function taken(driver: TestDriver, step: Step): boolean {
  if ('advanceMs' in step) {
    driver.advanceTime(step.advanceMs)
    return true
  }
  const records = 'batch' in step ? step.batch : [step]
  try {
    for (const { topic: name, key, value, timestamp, headers } of records) {
      driver.input(rawTopic(name)).pipeBytes(key, value, { timestamp, headers: Object.fromEntries(headers) })
    }
    // Kafka Streams' driver commits after every record, and so writes its caches down.
    driver.commit()
    return true
  } catch {
    return false
  }
}

/** Changelogs of what is held back: Java writes the keys of a commit in the order of a hash, and leaves the time to the producer. */
export function unorderedTopics(scenario: Scenario): ReadonlySet<string> {
  const app = topology('golden')
  scenario.build(app)
  return unorderedOf(app)
}

function unorderedOf(app: Topology): Set<string> {
  const stores = [...runnable(app).plan().stores.values()]
  return new Set(
    stores
      .filter(({ kind }) => kind === 'buffer' || kind === 'joinBuffer')
      .map(({ name }) => `golden-${name}-changelog`),
  )
}

function topicsOf(app: Topology, driver: TestDriver): Outcome['topics'] {
  const withoutTime = unorderedOf(app)
  return Object.fromEntries(
    driver.producedTopics().map((name) => {
      const records = driver.output(rawTopic(name)).readRecords()
      return [
        name,
        records.map(({ key, value, timestamp, headers }) => {
          const forms = Object.entries(headers).map(
            ([header, text]) => [header, bytesForm(text === null ? null : Buffer.from(text))] as const,
          )
          return recordForm(key, value, withoutTime.has(name) ? null : timestamp, forms)
        }),
      ]
    }),
  )
}

/** Kinds that Java's driver does not let read. */
const unread = new Set<string>(['buffer', 'windowList', 'outerJoin', 'versioned', 'joinBuffer'])

function storesOf(app: Topology, driver: TestDriver): Outcome['stores'] {
  const plan = runnable(app).plan()
  const own = [...plan.stores.values()].filter(
    ({ kind, valueSerde }) => !unread.has(kind) && valueSerde !== subscriptionSerde,
  )
  const stores = [...own, ...plan.globalStores.map(({ store }) => store)]
  return Object.fromEntries(stores.map(({ name, kind }) => [name, sortedEntries(entriesOf(driver, name, kind))]))
}

/**
 * How many records were dropped, as Kafka Streams counts them: what has no key in front of a repartition topic is left out
 * on both sides, and counted on ours alone.
 */
function droppedOf(driver: TestDriver): number {
  let total = 0
  for (const { name, labels, value } of driver.metrics()) {
    if (name !== 'millrace_streams_dropped_records_total') continue
    const { node, reason } = labels as { node: string; reason: string }
    if (reason !== 'null-key' || !/-FILTER-[0-9]{10}$|-filter$/.test(node)) total += value
  }
  return total
}

/** Java's changelogs have the headers; its rows are compared by value and time. */
function withoutHeaders({ headers: _, ...entry }: EntryForm & { readonly headers?: unknown }): EntryForm {
  const { value } = entry as { value: StoredWithHeaders | null }
  return typeof value === 'object' && value !== null && 'headers' in value ? { ...entry, value: value.value } : entry
}

function entriesOf(driver: TestDriver, name: string, kind: string): EntryForm[] {
  switch (kind) {
    case 'keyValue':
      return [...driver.store(name).all()].map(withoutHeaders)
    case 'window':
      return [...driver.windowStore(name).all()]
        .map(withoutHeaders)
        .map((window) => ({ ...window, end: Math.min(window.end!, 2 ** 63) }))
    case 'session':
      // Java's sessions have no timestamp beside their end.
      return [...driver.sessionStore(name).all()].map(({ timestamp: _, ...session }) => withoutHeaders(session))
    default:
      throw new TypeError(`say here how stores of the kind ${kind} are read`)
  }
}
