import { serdes, topic } from '@millrace/contracts'
import { runnable } from '../../src/core/dsl/topology.ts'
import { type Topology, topology } from '../../src/index.ts'
import { type TestDriver, testDriver } from '../../src/testing.ts'
import { type EntryForm, type Outcome, recordForm, sortedEntries } from './outcome.ts'
import type { Scenario, Step } from './scenario.ts'

/** What comes of a scenario in our test driver. */
export function runScenario(scenario: Scenario): Outcome {
  const { cacheMaxBytes = 0, startMs = 0 } = scenario
  const app = topology('golden')
  scenario.build(app)
  using driver = testDriver(app, { cacheMaxBytes, startMs })
  const failedAt = scenario.input.findIndex((step) => !taken(driver, step))
  return {
    describe: driver.describe().split('\n'),
    topics: topicsOf(driver),
    stores: storesOf(app, driver),
    dropped: droppedOf(driver),
    ...(failedAt >= 0 && { failedAt }),
  }
}

const rawTopic = (name: string) => topic(name, { key: serdes.bytes, value: serdes.bytes })

function taken(driver: TestDriver, step: Step): boolean {
  if ('advanceMs' in step) {
    driver.advanceTime(step.advanceMs)
    return true
  }
  const { key, value, timestamp, headers } = step
  try {
    driver.input(rawTopic(step.topic)).pipeBytes(key, value, { timestamp, headers: Object.fromEntries(headers) })
    // Kafka Streams' driver commits after every record, and so writes its caches down.
    driver.commit()
    return true
  } catch {
    return false
  }
}

function topicsOf(driver: TestDriver): Outcome['topics'] {
  return Object.fromEntries(
    driver.producedTopics().map((name) => {
      const records = driver.output(rawTopic(name)).readRecords()
      return [
        name,
        records.map(({ key, value, timestamp, headers }) => recordForm(key, value, timestamp, Object.entries(headers))),
      ]
    }),
  )
}

function storesOf(app: Topology, driver: TestDriver): Outcome['stores'] {
  const stores = [...runnable(app).plan().stores.values()]
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

function entriesOf(driver: TestDriver, name: string, kind: string): EntryForm[] {
  switch (kind) {
    case 'keyValue':
      return [...driver.store(name).all()]
    case 'window':
      return [...driver.windowStore(name).all()]
    case 'session':
      // Java's sessions have no timestamp beside their end.
      return [...driver.sessionStore(name).all()].map(({ timestamp: _, ...session }) => session)
    default:
      throw new TypeError(`say here how stores of the kind ${kind} are read`)
  }
}
