import { listSerde, serdes, topic } from '@millrace/contracts'
import { tumbling, windowedSerde } from '../../../src/index.ts'
import { texts } from '../contracts.ts'
import { record, type ScenarioGroup } from '../scenario.ts'

interface Order {
  readonly item: string
  readonly amount: number
  readonly tags: readonly (string | null)[]
}

const orders = topic('orders', { key: serdes.int64, value: serdes.json<Order>() })
const ids = topic('ids', { key: serdes.int32, value: serdes.float64 })
const byId = topic('by-id', { key: serdes.int64, value: serdes.json<Order>() })
const sums = topic('sums', { key: serdes.int32, value: serdes.float64 })
const shorts = topic('shorts', { key: serdes.int16, value: serdes.float32 })
const perShort = topic('per-short', { key: serdes.int16, value: serdes.float32 })
const named = topic('named', { key: serdes.uuid, value: serdes.boolean })
const byName = topic('by-name', { key: serdes.uuid, value: serdes.int16 })
const blobs = topic('blobs', { key: serdes.bytes, value: serdes.bytes })
const longest = topic('longest', { key: serdes.bytes, value: serdes.bytes })
const keyless = topic('keyless', { key: serdes.void, value: serdes.uuid })
const empty = topic('empty', { key: serdes.uuid, value: serdes.void })
const ones = '11111111-2222-3333-4444-555555555555'
const letters = 'abcdefab-cdef-abcd-efab-cdefabcdefab'
const words = texts('words')
const other = texts('other')
const out = texts('out')
const hour = tumbling({ sizeMs: 3_600_000 })

const order = (item: string, amount: number, tags: Order['tags'] = []): Order => ({ item, amount, tags })

const listOfTexts = listSerde(serdes.string, { nulls: true })
const listOfNumbers = listSerde(serdes.int32, { nulls: true })
const texted = topic('texted', { key: serdes.string, value: listOfTexts })
const measured = topic('measured', { key: serdes.string, value: listOfNumbers })
const byLength = topic('by-length', { key: listSerde(serdes.int32), value: serdes.string })

const lengthOf = (word: string): number => word.length

/** Appends; `null` stands for one, and `empty` empties the list. */
function listed<T>(entryOf: (word: string) => T): (list: (T | null)[], word: string) => (T | null)[] {
  return (list, word) => (word === 'empty' ? [] : [...list, word === 'null' ? null : entryOf(word)])
}

export const types: ScenarioGroup = {
  name: 'types',
  javaClass: 'Types',
  scenarios: [
    {
      name: 'objects under numbers, as a table',
      input: [
        record(orders, 1n, order('tea "green"', 3, ['ü', null, '']), 10),
        record(orders, -1n, order('\u{1f375} / \\ \n', -4), 20),
        record(orders, 9_223_372_036_854_775_807n, order('', 2 ** 31), 30),
        record(orders, 1n, order('tea', 5), 5),
        record(orders, -1n, null, 40),
      ],
      build: (app) => {
        app.table(orders, { store: 'orders' }).to(byId)
      },
    },
    {
      name: 'objects made by callbacks, repartitioned under numbers',
      input: [
        record(orders, 7n, order('tea', 3, ['x']), 10),
        record(orders, 8n, order('salt', -2), 20),
        record(orders, 7n, order('tea', 1), 30),
      ],
      build: (app) => {
        app
          .stream(orders)
          .groupBy((value) => BigInt(value.item.length), { name: 'by-length', key: serdes.int64 })
          .aggregate({ initial: order('none', 0), store: 'all' }, (all, { item, amount, tags }) => ({
            item: `${all.item}+${item}`,
            amount: all.amount + amount,
            tags: [...all.tags, ...tags],
          }))
          .to(byId)
      },
    },
    {
      name: 'floating point numbers under numbers',
      input: [
        record(ids, 1, 0.1, 10),
        record(ids, 1, 0.2, 20),
        record(ids, -2, 1e300, 30),
        record(ids, -2, 1e300, 40),
        record(ids, 2_147_483_647, -0, 50),
      ],
      build: (app) => {
        app
          .stream(ids)
          .groupByKey()
          .reduce((sum, value) => sum + value, { store: 'sums' })
          .to(sums)
      },
    },
    {
      name: 'windowed numbers in milliseconds of today',
      input: [
        record(ids, 1, 1, 1_700_000_000_123),
        record(ids, -1, 2, 1_700_003_600_000),
        record(ids, 1, 3, 1_700_000_000_122),
      ],
      build: (app) => {
        app
          .stream(ids)
          .groupByKey()
          .window(hour)
          .reduce((sum, value) => sum + value, { store: 'sums' })
          .to(topic('per-hour', { key: windowedSerde(serdes.int32, hour), value: serdes.float64 }))
      },
    },
    {
      name: 'short numbers and short floating point numbers, in windows',
      input: [
        record(shorts, 1, 0.1, 10),
        record(shorts, -32_768, 1.5, 20),
        record(shorts, 1, 0.2, 30),
        record(shorts, 32_767, 1e38, 40),
        record(shorts, 32_767, 1e38, 50),
      ],
      build: (app) => {
        const grouped = app.stream(shorts).groupByKey()
        const sum = (a: number, b: number): number => Math.fround(a + b)
        grouped.reduce(sum, { store: 'sums' }).to(perShort)
        grouped
          .window(hour)
          .reduce(sum, { store: 'per-hour' })
          .to(topic('short-hours', { key: windowedSerde(serdes.int16, hour), value: serdes.float32 }))
      },
    },
    {
      name: 'UUIDs, booleans, and lists of them',
      input: [
        record(named, ones, true, 10),
        record(named, letters, false, 20),
        record(named, ones, false, 30),
        record(named, letters, true, 50),
      ],
      build: (app) => {
        const stream = app.stream(named)
        const grouped = stream.groupByKey()
        grouped
          .aggregate({ initial: 0, store: 'counts', value: serdes.int16 }, (count, isOne) => count + (isOne ? 1 : 10))
          .to(byName)
        grouped
          .aggregate({ initial: [] as boolean[], store: 'flags', value: listSerde(serdes.boolean) }, (all, one) => [
            ...all,
            one,
          ])
          .to(topic('flags', { key: serdes.uuid, value: listSerde(serdes.boolean) }))
        stream
          .map((isOne, id) => [[id], [isOne ? 0.5 : 0.25]])
          .to(topic('listed', { key: listSerde(serdes.uuid), value: listSerde(serdes.float32) }))
        stream
          .map((isOne) => [[isOne ? 7 : -7], isOne])
          .to(topic('short-lists', { key: listSerde(serdes.int16), value: serdes.boolean }))
      },
    },
    {
      name: 'bytes',
      input: [
        record(blobs, Uint8Array.of(1, 255), Uint8Array.of(0), 10),
        record(blobs, Uint8Array.of(), Uint8Array.of(200, 1), 20),
        record(blobs, Uint8Array.of(1, 255), Uint8Array.of(), 30),
        record(blobs, Uint8Array.of(1, 255), Uint8Array.of(3, 2, 1), 40),
      ],
      build: (app) => {
        app
          .stream(blobs)
          .groupByKey()
          .reduce((one, other) => (one.length > other.length ? one : other), { store: 'longest' })
          .to(longest)
      },
    },
    {
      name: 'keys and values that are nothing',
      input: [record(keyless, null, ones, 10), record(keyless, null, letters, 20)],
      build: (app) => {
        const stream = app.stream(keyless)
        stream.to(topic('keyless-again', { key: serdes.void, value: serdes.uuid }))
        stream.map((id) => [id, null]).to(empty)
      },
    },
    {
      name: 'empty texts and texts of all planes',
      input: [
        record(words, '', '', 1),
        record(words, 'é', '\u{1f375}', 2),
        record(words, '', 'not empty', 3),
        record(words, 'a\u0000b', '\uffff', 4),
      ],
      build: (app) => {
        app
          .stream(words)
          .groupBy((value, key) => key + value.slice(0, 0), { name: 'again' })
          .reduce((all, value) => all + value, { store: 'all' })
          .to(out)
      },
    },
    {
      name: 'lists of texts and of numbers, with nulls among them, and lists as keys',
      input: [
        record(words, 'a', 'tea', 1),
        record(words, 'a', 'null', 2),
        record(words, 'b', 'null', 3),
        record(words, 'a', '\u{1f375} é', 5),
        record(words, 'c', 'empty', 6),
        record(words, 'a', 'empty', 7),
        record(words, 'a', 'tea', 8),
        record(words, 'a', 'end', 10),
        record(other, 'x', 'one', 11),
        record(other, 'y', 'two', 12),
        record(other, 'z', 'three', 13),
      ],
      build: (app) => {
        const grouped = app.stream(words).groupByKey()
        grouped
          .aggregate(
            { initial: [] as (string | null)[], store: 'texts', value: listOfTexts },
            listed((word) => word),
          )
          .to(texted)
        grouped
          .aggregate({ initial: [] as (number | null)[], store: 'lengths', value: listOfNumbers }, listed(lengthOf))
          .to(measured)
        app
          .stream(other)
          .groupBy((word) => [lengthOf(word), -1], { name: 'by-length', key: listSerde(serdes.int32) })
          .reduce((all, word) => all + word, { store: 'by-lengths' })
          .to(byLength)
      },
    },
    {
      name: 'a callback that fails',
      input: [record(words, 'a', 'one', 1), record(words, 'a', 'boom', 2), record(words, 'a', 'two', 3)],
      build: (app) => {
        app
          .stream(words)
          .mapValues((word) => {
            if (word === 'boom') throw new Error('boom')
            return word
          })
          .to(out)
      },
    },
  ],
}
