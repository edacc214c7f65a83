import { seededRandom } from '@millrace/base'
import { texts } from '../../../packages/streams/test/golden/contracts.ts'
import { groups } from '../../../packages/streams/test/golden/groups.ts'
import {
  type RecordStep,
  record,
  type Scenario,
  type ScenarioGroup,
} from '../../../packages/streams/test/golden/scenario.ts'

/** A program of the golden scenarios that two sides run by turns. */
export interface TakeoverProgram {
  /** What it keeps. */
  readonly keeps: string
  readonly group: ScenarioGroup
  readonly scenario: Scenario
  /** Input by stage: what is there when the side whose turn it is begins. */
  readonly stages: readonly (readonly RecordStep[])[]
  readonly partitions: number
  /**
   * `all`: output by partition as it was written; `last`: the last value of each key, where sub-topologies answer each other in
   * no certain order.
   */
  readonly compares: 'all' | 'last'
  /**
   * What stopping and starting does to the program in Kafka Streams itself: `nothing` that is seen from outside; `delays` results, as
   * ours do then; or `damage`: then only Millrace takes over, and what comes of it is what comes of a run without restarts.
   */
  readonly restartsInJava: 'nothing' | 'delays' | 'damage'
}

interface Shape {
  readonly topics: readonly string[]
  readonly value?: (index: number, topic: string) => string | null
  /** How far behind the latest one a record may be; only where there is one topic: topics take turns by time. */
  readonly outOfOrderMs?: number
  readonly stepMs?: number
  readonly partitions?: number
  readonly compares?: TakeoverProgram['compares']
  readonly restartsInJava?: TakeoverProgram['restartsInJava']
  /** No key comes twice. */
  readonly hasUniqueKeys?: boolean
  /** False where the two sides hand on other headers, see the golden scenarios. */
  readonly headers?: boolean
  /** Topics that are complete before anything runs: global tables are not read in step with others. */
  readonly first?: readonly string[]
}

const stageCount = 4
const recordsPerStage = 80
const keys = ['a', 'b', 'c', 'd', 'e', 'f']
/** Not so long ago that brokers would delete it by age. */
const beganMs = Date.now() - 3_600_000

const word = (index: number): string => `${'xyz'[index % 3]}${index}`
/** Now and then a tombstone. */
const row = (index: number): string | null => (index % 11 === 10 ? null : word(index))

/** One program for each kind of store and for each format of internal topics. */
export const takeoverPrograms: readonly TakeoverProgram[] = [
  program('rows with times', 'aggregates', 'reduce', { topics: ['in'], outOfOrderMs: 50 }),
  program('rows of what is repartitioned', 'aggregates', 'two aggregates of one group', {
    topics: ['in'],
    partitions: 1,
  }),
  program('rows without times', 'processors', 'deletes, puts if absent, and what a plain store logs', {
    topics: ['in'],
    value: (index) => (index % 40 === 39 ? 'drain' : word(index)),
  }),
  program('rows of a processor and what it hands on', 'processors', 'a store, and what is handed on is grouped', {
    topics: ['in'],
    partitions: 1,
    value: (index) => `${'xyz'[index % 3]} ${index % 7}`,
  }),
  program('rows with headers', 'processors', 'a store with headers', {
    topics: ['in'],
    value: (index) => (index % 5 === 0 ? 'read' : index % 23 === 0 ? 'forget' : word(index)),
  }),
  program('windows of a processor', 'processor-stores', 'windows', { topics: ['in'], value: row, outOfOrderMs: 60 }),
  program('windows with headers of a processor', 'processor-stores', 'windows with headers', {
    topics: ['in'],
    value: row,
    outOfOrderMs: 60,
  }),
  program('sessions of a processor', 'processor-stores', 'sessions', { topics: ['in'], value: row, outOfOrderMs: 60 }),
  program('sessions with headers of a processor', 'processor-stores', 'sessions with headers', {
    topics: ['in'],
    value: row,
    outOfOrderMs: 60,
  }),
  program('versions of a processor', 'processor-stores', 'versions', { topics: ['in'], value: row, outOfOrderMs: 60 }),
  program('rows in the format with headers', 'store-format', 'aggregates: reduce', {
    topics: ['in'],
    value: row,
    outOfOrderMs: 50,
  }),
  program('tables in the format with headers', 'store-format', 'table-joins: outerJoin: with a store', {
    topics: ['left', 'right'],
    value: row,
  }),
  program('windows in the format with headers', 'store-format', 'time-windows: hopping aggregate', {
    topics: ['in'],
    outOfOrderMs: 60,
  }),
  program('sessions in the format with headers', 'store-format', 'sessions: reduce', {
    topics: ['in'],
    stepMs: 25,
    outOfOrderMs: 60,
    headers: false,
  }),
  program('tables and what joins them', 'table-joins', 'outerJoin: with a store', {
    topics: ['left', 'right'],
    value: row,
  }),
  program('pairs of old and new values', 'tables', 'regrouped reduce', {
    topics: ['in'],
    partitions: 1,
    value: (index) => (index % 11 === 10 ? null : `${['red', 'green', 'blue'][index % 3]}:${index}`),
  }),
  program('a table restored from its topic', 'processors', 'a table restored from its topic', {
    topics: ['in', 'others', 'rest'],
    value: row,
  }),
  program('a global table', 'global-joins', 'leftJoin: names', {
    topics: ['stream', 'table'],
    first: ['table'],
    value: (index, topic) => (topic === 'stream' ? keys[index % keys.length]! : word(index)),
  }),
  program('windows', 'time-windows', 'hopping aggregate', { topics: ['in'], outOfOrderMs: 60 }),
  program('sliding windows', 'sliding', 'reduce', { topics: ['in'], outOfOrderMs: 60 }),
  program('windows of several streams', 'cogroups', 'windows', { topics: ['one', 'two', 'three'] }),
  program('final results of tumbling windows', 'sliding', 'tumbling, on close', { topics: ['in'], outOfOrderMs: 30 }),
  program('final results of sliding windows', 'sliding', 'sliding, on close', { topics: ['in'], outOfOrderMs: 30 }),
  program('final results of sessions', 'sliding', 'sessions, on close', { topics: ['in'], stepMs: 45 }),
  program('sessions', 'sessions', 'reduce', { topics: ['in'], stepMs: 25, outOfOrderMs: 60, headers: false }),
  program('windows held back', 'suppression', 'final results of windows', { topics: ['in'], outOfOrderMs: 30 }),
  program('sessions held back', 'suppression', 'final results of sessions', {
    topics: ['in'],
    stepMs: 45,
    headers: false,
  }),
  program('updates held back for a time', 'suppression', 'a time limit', {
    topics: ['rows'],
    // A key that is held back again in the commit that let it go has its old time in Kafka Streams after a restart.
    hasUniqueKeys: true,
  }),
  program('both sides of a join of streams', 'stream-joins', 'join: grace', {
    topics: ['left', 'right'],
    stepMs: 2,
    restartsInJava: 'delays',
  }),
  program('records that wait for a partner', 'stream-joins', 'outerJoin: grace', {
    topics: ['left', 'right'],
    stepMs: 2,
    restartsInJava: 'delays',
  }),
  program('versions', 'versioned-tables', 'leftJoin', { topics: ['stream', 'table'], value: rowOfTable }),
  program('records that wait for the grace of a join', 'versioned-tables', 'leftJoin with grace', {
    topics: ['stream', 'table'],
    value: rowOfTable,
    // RocksDBTimeOrderedKeyValueBuffer counts from zero after a restart, and lets records go too early or never.
    restartsInJava: 'damage',
  }),
  program('subscriptions to foreign keys', 'foreign-key-joins', 'leftJoin: names', {
    topics: ['orders', 'customers'],
    compares: 'last',
    value: orderOrCustomer,
  }),
  program('subscriptions to foreign keys that must be there', 'foreign-key-joins', 'join: names', {
    topics: ['orders', 'customers'],
    compares: 'last',
    value: orderOrCustomer,
  }),
]

function orderOrCustomer(index: number, topic: string): string | null {
  if (index % 13 === 12) return null
  return topic === 'orders' ? `${[...keys, '-'][index % 7]}:${index}` : word(index)
}

function rowOfTable(index: number, topic: string): string | null {
  return topic === 'table' ? row(index) : word(index)
}

function program(keeps: string, groupName: string, name: string, shape: Shape): TakeoverProgram {
  const group = groups.find((each) => each.name === groupName)
  const scenario = group?.scenarios.find((each) => each.name === name)
  if (!group || !scenario) throw new Error(`there is no scenario '${name}' in ${groupName}`)
  const { partitions = 2, compares = 'all', restartsInJava = 'nothing' } = shape
  return { keeps, group, scenario, stages: stagesOf(shape), partitions, compares, restartsInJava }
}

/** Later stages are later in time: what was late in one run is then late in all of them, however often a side begins anew. */
function stagesOf({
  topics,
  value = word,
  outOfOrderMs = 0,
  stepMs = 7,
  headers = true,
  hasUniqueKeys = false,
  first = [],
}: Shape): RecordStep[][] {
  const random = seededRandom(7)
  const stages: RecordStep[][] = []
  let index = 0
  for (let stage = 0; stage < stageCount; stage++) {
    const startMs = beganMs + stage * (recordsPerStage * stepMs + 2 * outOfOrderMs)
    stages.push(
      Array.from({ length: recordsPerStage }, (_, place) => {
        const read = stage === 0 ? topics : topics.filter((topic) => !first.includes(topic))
        const topic = read[Math.floor(random.next() * read.length)]!
        const some = keys[Math.floor(random.next() * keys.length)]!
        const key = hasUniqueKeys ? `${some}${index}` : some
        const lateMs = Math.floor(random.next() * outOfOrderMs)
        index++
        const traced: Readonly<Record<string, string>> = headers && index % 4 === 0 ? { trace: String(index) } : {}
        return record(texts(topic), key, value(index, topic), startMs + outOfOrderMs + place * stepMs - lateMs, traced)
      }),
    )
  }
  return stages
}
