import { spawnSync } from 'node:child_process'
import { type Fixture, inputForm } from '../../packages/streams/test/golden/fixtures.ts'
import {
  bytesForm,
  type EntryForm,
  type Outcome,
  recordForm,
  sortedEntries,
} from '../../packages/streams/test/golden/outcome.ts'
import type { Scenario, ScenarioGroup, Step } from '../../packages/streams/test/golden/scenario.ts'
import { javaArguments } from './java-programs.ts'

const maxOutputBytes = 256 * 1024 * 1024

interface JavaRecord {
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly headers: readonly (readonly [name: string, value: string | null])[]
}

interface JavaOutcome extends Omit<Outcome, 'topics' | 'describe'> {
  readonly describe: string
  readonly topics: Readonly<Record<string, readonly JavaRecord[]>>
}

/**
 * Fixtures of groups as Kafka Streams' test driver makes them now, by name of the group, in one process. The first call
 * fetches the jars with Maven.
 */
export function javaFixtures(groups: readonly ScenarioGroup[]): Map<string, Map<string, Fixture>> {
  const requests = groups.flatMap(({ javaClass, scenarios }) => scenarios.map((each) => requestFor(javaClass, each)))
  const run = spawnSync('java', [...javaArguments('golden'), 'Golden'], {
    input: JSON.stringify(requests),
    encoding: 'utf8',
    maxBuffer: maxOutputBytes,
  })
  if (run.status !== 0) throw new Error(`Golden.java failed: ${run.error?.message ?? run.stderr}`)
  const outcomes = run.stdout.trimEnd().split('\n').values()
  return new Map(
    groups.map((group) => [
      group.name,
      new Map(
        group.scenarios.map((scenario) => {
          const answer = JSON.parse(outcomes.next().value!) as JavaOutcome
          return [scenario.name, { input: inputForm(scenario), java: outcomeOf(answer) }]
        }),
      ),
    ]),
  )
}

function requestFor(group: string, scenario: Scenario): unknown {
  const {
    name,
    input,
    cacheMaxBytes = 0,
    startMs = 0,
    properties = {},
    program = { javaClass: group, name },
  } = scenario
  const hasBatches = input.some((step) => 'batch' in step)
  const wrapper = hasBatches ? { 'processor.wrapper.class': 'Batches' } : {}
  const settings = { ...wrapper, 'statestore.cache.max.bytes': String(cacheMaxBytes), ...properties }
  return { group: program.javaClass, name: program.name, startMs, properties: settings, steps: input.map(stepFor) }
}

function stepFor(step: Step): unknown {
  if ('advanceMs' in step) return step
  if ('batch' in step) return { batch: step.batch.map(stepFor) }
  const { topic, key, value, timestamp, headers } = step
  return {
    topic,
    key: hex(key),
    value: hex(value),
    timestamp,
    headers: headers.map(([k, v]) => [k, hex(Buffer.from(v))]),
  }
}

function outcomeOf({ describe, topics, stores, dropped, failedAt, failure }: JavaOutcome): Outcome {
  // Java would end there, and so would the comparison.
  if (failure?.includes('Unknown topic')) throw new Error(`${failure}, which the program does not read: see readInput`)
  return {
    ...(failedAt !== undefined && { failedAt, failure: failure! }),
    dropped,
    describe: describe.split('\n'),
    topics: Object.fromEntries(
      Object.entries(topics).map(([name, records]) => [
        name,
        records.map(({ key, value, timestamp, headers }) => {
          const own = headers.map(([header, bytes]) => [header, bytesForm(fromHex(bytes))] as const)
          return recordForm(fromHex(key), fromHex(value), timestamp, own)
        }),
      ]),
    ),
    stores: Object.fromEntries(
      Object.entries(stores).map(([name, entries]) => [name, sortedEntries(entries as EntryForm[])]),
    ),
  }
}

function fromHex(hexText: string | null): Buffer | null {
  return hexText === null ? null : Buffer.from(hexText, 'hex')
}

function hex(bytes: Uint8Array | null): string | null {
  return bytes && Buffer.from(bytes).toString('hex')
}
