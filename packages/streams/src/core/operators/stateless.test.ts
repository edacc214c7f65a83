import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { type KStream, type Topology, topology } from '../../index.ts'
import { testDriver } from '../../testing.ts'

const words = topic('words', { key: serdes.string, value: serdes.string })
const other = topic('other', { key: serdes.string, value: serdes.string })
const out = topic('out', { key: serdes.string, value: serdes.string })
const rest = topic('rest', { key: serdes.string, value: serdes.string })

function words2out(build: (stream: KStream<string, string>, app: Topology) => KStream<string, string>): () => Topology {
  return () => {
    const app = topology('words')
    build(app.stream(words), app).to(out)
    return app
  }
}

test('filter keeps what the predicate takes, filterNot what it does not', () => {
  using kept = testDriver(words2out((stream) => stream.filter((word) => word.length > 2)))
  using left = testDriver(words2out((stream) => stream.filterNot((word) => word.length > 2)))
  for (const driver of [kept, left]) {
    driver.input(words).pipe('a', 'one')
    driver.input(words).pipe('b', 'is')
  }
  assert.deepEqual(kept.output(out).readAll(), [['a', 'one']])
  assert.deepEqual(left.output(out).readAll(), [['b', 'is']])
})

test('map makes a new key and value, and keeps time and headers', () => {
  using driver = testDriver(words2out((stream) => stream.map((word, key) => [word, key])))
  driver.input(words).pipe('a', 'one', { timestamp: 42, headers: { trace: 'x' } })
  assert.deepEqual(driver.output(out).readRecords(), [
    { key: 'one', value: 'a', timestamp: 42, headers: { trace: 'x' } },
  ])
})

test('mapValues leaves the key, and hands the context in', () => {
  using driver = testDriver(
    words2out((stream) => stream.mapValues((word, _key, at) => `${word} ${at.topic}-${at.partition}@${at.offset}`)),
  )
  driver.input(words).pipe('a', 'one')
  driver.input(words).pipe('a', 'two')
  assert.deepEqual(driver.output(out).readAll(), [
    ['a', 'one words-0@0'],
    ['a', 'two words-0@1'],
  ])
})

test('flatMap and flatMapValues make any number of records', () => {
  using pairs = testDriver(
    words2out((stream) => stream.flatMap((text) => text.split(' ').map((word) => [word, text] as const))),
  )
  using values = testDriver(words2out((stream) => stream.flatMapValues((text) => (text === '' ? [] : text.split(' ')))))
  for (const driver of [pairs, values]) {
    driver.input(words).pipe('a', 'to be')
    driver.input(words).pipe('b', '')
  }
  assert.deepEqual(pairs.output(out).readAll(), [
    ['to', 'to be'],
    ['be', 'to be'],
    ['', ''],
  ])
  assert.deepEqual(values.output(out).readAll(), [
    ['a', 'to'],
    ['a', 'be'],
  ])
})

test('selectKey changes the key and leaves the bytes of the value alone', () => {
  using driver = testDriver(words2out((stream) => stream.selectKey((word) => word.slice(0, 1))))
  driver.input(words).pipe('a', 'one')
  assert.deepEqual(driver.output(out).readAll(), [['o', 'one']])
})

test('peek sees every record and changes none', () => {
  const seen: string[] = []
  using driver = testDriver(words2out((stream) => stream.peek((word, key) => void seen.push(`${key}=${word}`))))
  driver.input(words).pipe('a', 'one')
  assert.deepEqual(seen, ['a=one'])
  assert.deepEqual(driver.output(out).readAll(), [['a', 'one']])
})

test('merge takes records of both streams', () => {
  using driver = testDriver(words2out((stream, app) => stream.merge(app.stream(other))))
  driver.input(words).pipe('a', 'one')
  driver.input(other).pipe('b', 'two')
  assert.deepEqual(driver.output(out).readAll(), [
    ['a', 'one'],
    ['b', 'two'],
  ])
})

test('split sends a record to the first branch that takes it', () => {
  using driver = testDriver(() => {
    const app = topology('words')
    const { short, long } = app.stream(words).split({ long: 'otherwise', short: (word) => word.length < 3 })
    short.to(out)
    long.to(rest)
    return app
  })
  driver.input(words).pipe('a', 'is')
  driver.input(words).pipe('b', 'long')
  assert.deepEqual(driver.output(out).readAll(), [['a', 'is']])
  assert.deepEqual(driver.output(rest).readAll(), [['b', 'long']])
})

test('a record that no branch takes is gone', () => {
  using driver = testDriver(() => {
    const app = topology('words')
    app
      .stream(words)
      .split({ short: (word) => word.length < 3 })
      .short.to(out)
    return app
  })
  driver.input(words).pipe('b', 'long')
  assert.deepEqual(driver.output(out).readAll(), [])
})

test('a repartition topic hands records on as they are, and drops keyless ones', () => {
  using driver = testDriver(words2out((stream) => stream.repartition({ name: 'again' })))
  driver.input(words).pipe('a', 'one', { timestamp: 7, headers: { trace: 'x' } })
  driver.input(words).pipe(null, 'two')
  assert.deepEqual(driver.output(out).readRecords(), [
    { key: 'a', value: 'one', timestamp: 7, headers: { trace: 'x' } },
  ])
  assert.deepEqual(driver.dropped(), { 'null-key': 1 })
})

test('tombstones pass steps that call nothing back', () => {
  using driver = testDriver(words2out((stream) => stream.repartition({ name: 'again' })))
  driver.input(words).pipe('a', null)
  assert.deepEqual(driver.output(out).readAll(), [['a', null]])
})

test('tombstones do not reach callbacks that are not made for them', () => {
  using driver = testDriver(words2out((stream) => stream.mapValues((word) => word.toUpperCase())))
  driver.input(words).pipe('a', null)
  assert.deepEqual(driver.output(out).readAll(), [])
  assert.deepEqual(driver.dropped(), { 'null-value': 1 })
})

test('a stream that was asked for tombstones gives them to callbacks as null', () => {
  using driver = testDriver(() => {
    const app = topology('words')
    app
      .stream(words, { tombstones: true })
      .mapValues((word) => word ?? 'gone')
      .to(out)
    return app
  })
  driver.input(words).pipe('a', null)
  assert.deepEqual(driver.output(out).readAll(), [['a', 'gone']])
})

test('a topic that is read twice is read once, by one sub-topology', () => {
  using driver = testDriver(() => {
    const app = topology('words')
    app
      .stream(words)
      .filter((word) => word.length < 3)
      .to(out)
    app
      .stream(words)
      .filter((word) => word.length >= 3)
      .to(rest)
    return app
  })
  driver.input(words).pipe('a', 'is')
  driver.input(words).pipe('b', 'long')
  assert.deepEqual(driver.output(out).readAll(), [['a', 'is']])
  assert.deepEqual(driver.output(rest).readAll(), [['b', 'long']])
})

test('a record goes to the topic that was chosen for it', () => {
  using driver = testDriver(() => {
    const app = topology('words')
    app.stream(words).toOneOf([out, rest], (word) => (word.length < 3 ? out : rest))
    return app
  })
  driver.input(words).pipe('a', 'is', { timestamp: 5, headers: { trace: 'x' } })
  driver.input(words).pipe('b', 'long')
  driver.input(words).pipe('c', null)
  assert.deepEqual(driver.output(out).readRecords(), [{ key: 'a', value: 'is', timestamp: 5, headers: { trace: 'x' } }])
  assert.deepEqual(driver.output(rest).readAll(), [['b', 'long']])
  assert.deepEqual(driver.dropped(), { 'null-value': 1 })
})

test('a topic that is chosen and was not named beforehand fails the record', () => {
  using driver = testDriver(() => {
    const app = topology('words')
    app.stream(words).toOneOf([out], () => rest)
    return app
  })
  assert.throws(() => driver.input(words).pipe('a', 'is'), /chose topic 'rest', which is none of out/)
})

test('print writes a line for each record, tombstones too', () => {
  const lines: string[] = []
  using driver = testDriver(() => {
    const app = topology('words')
    const write = (line: string): void => void lines.push(line)
    app.stream(words).print(write, { label: 'words' })
    app
      .stream(words)
      .mapValues((word) => ({ word }))
      .print(write)
    app.stream(words).print(write, { label: 'own', format: (word, key) => `${word} of ${key}` })
    return app
  })
  driver.input(words).pipe('a', 'is')
  driver.input(words).pipe('b', null)
  assert.deepEqual(lines, [
    '[words]: a, is',
    '[KSTREAM-MAPVALUES-0000000003]: a, {"word":"is"}',
    '[own]: is of a',
    '[words]: b, null',
    '[own]: null of b',
  ])
})
