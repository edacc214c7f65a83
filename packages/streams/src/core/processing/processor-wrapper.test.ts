import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { keyValueStore, type ProcessorWrapper, type TopologyOptions, topology } from '../../index.ts'
import { type TestDriver, testDriver } from '../../testing.ts'

const words = topic('words', { key: serdes.string, value: serdes.string })
const out = topic('out', { key: serdes.string, value: serdes.string })

function driving(options: TopologyOptions): TestDriver {
  const app = topology('wrapped', options)
  const upper = app.stream(words).mapValues((word) => word.toUpperCase(), { name: 'upper' })
  upper.groupByKey().count({ store: 'counts', name: 'count' })
  upper.process((context) => ({ process: (record) => context.forward(record) }), { name: 'pass' }).to(out)
  return testDriver(app)
}

test('every step but sources and sinks is asked for, and sees records before it', () => {
  const seen: string[] = []
  const wrapProcessor: ProcessorWrapper = ({ name }) => ({
    create: ({ taskId }) => ({
      process(record, next) {
        seen.push(`${name} ${taskId} ${String(record.key)}=${String(record.value)}@${record.timestamp}`)
        next()
        seen.push(`${name} done`)
      },
      close: () => void seen.push(`${name} closed`),
    }),
  })
  const driver = driving({ wrapProcessor })
  driver.input(words).pipe('k', 'a', { timestamp: 3 })
  assert.deepEqual(driver.output(out).readAll(), [['k', 'A']])
  assert.equal(driver.store('counts').get('k')?.value, 1)
  driver.close()
  assert.deepEqual(seen.slice(0, 6), [
    'upper 0_0 k=a@3',
    'count 0_0 k=A@3',
    'count done',
    'pass 0_0 k=A@3',
    'pass done',
    'upper done',
  ])
  assert.deepEqual(seen.slice(6).sort(), ['count closed', 'pass closed', 'upper closed'])
})

test('a step that is left alone is as it was, and a record that is not handed on stops there', () => {
  const wrapProcessor: ProcessorWrapper = ({ name }) =>
    name === 'pass'
      ? { create: () => ({ process: (record, next) => void (record.value === 'A' && next()) }) }
      : undefined
  using driver = driving({ wrapProcessor })
  driver.input(words).pipe('k', 'a')
  driver.input(words).pipe('k', 'b')
  assert.deepEqual(driver.output(out).readAll(), [['k', 'A']])
  assert.equal(driver.store('counts').get('k')?.value, 2)
})

test('it brings stores of its own, which describe() shows', () => {
  const audit = keyValueStore<string, number>({ name: 'audit' })
  const wrapProcessor: ProcessorWrapper = ({ name }) => ({
    stores: [audit],
    create(context) {
      const store = context.store(audit)
      return {
        process(_record, next) {
          store.put(name, (store.get(name) ?? 0) + 1)
          next()
        },
      }
    },
  })
  using driver = driving({ wrapProcessor })
  driver.input(words).pipe('k', 'a')
  assert.deepEqual(
    [...driver.store('audit').all()].map(({ key, value }) => [key, value]),
    [
      ['count', 1],
      ['pass', 1],
      ['upper', 1],
    ],
  )
  assert.match(driver.describe(), /Processor: count \(stores: \[(audit, counts|counts, audit)\]\)/)
})

test('what it throws goes to the handler like a failure of the step', () => {
  const app = topology('strict', {
    wrapProcessor: () => ({
      create: () => ({
        process() {
          throw new Error('not today')
        },
      }),
    }),
  })
  app
    .stream(words)
    .filter(() => true, { name: 'all' })
    .to(out)
  using driver = testDriver(app, { handlers: { process: () => 'deadLetter' } })
  driver.input(words).pipe('k', 'a')
  assert.equal(driver.deadLetters()[0]?.node, 'all')
})

test('what fills a global store is wrapped, and its wrapper brings no stores', () => {
  const rows = keyValueStore<string, string>({ name: 'rows' })
  const filling = (wrapProcessor: ProcessorWrapper) => {
    const app = topology('wrapped', { wrapProcessor })
    const options = { store: rows, name: 'fill' }
    app.globalStore(
      words,
      (context) => {
        const store = context.store(rows)
        return { process: ({ key, value }) => store.put(key, value) }
      },
      options,
    )
    return app
  }
  const seen: string[] = []
  const driver = testDriver(
    filling(({ name }) => ({
      create: () => ({
        process(record, next) {
          seen.push(`${name} ${String(record.key)}=${String(record.value)}`)
          if (record.value !== 'no') next()
        },
        close: () => void seen.push('closed'),
      }),
    })),
  )
  driver.input(words).pipe('k', 'a')
  driver.input(words).pipe('l', 'no')
  assert.deepEqual(
    [...driver.store('rows').all()].map(({ key, value }) => [key, value]),
    [['k', 'a']],
  )
  driver.close()
  assert.deepEqual(seen, ['fill k=a', 'fill l=no', 'closed'])
  const audit = keyValueStore<string, number>({ name: 'audit' })
  const bringing = filling(() => ({ stores: [audit], create: () => ({ process: (_record, next) => next() }) }))
  assert.throws(() => bringing.describe(), { code: 'STREAMS_TOPOLOGY_INVALID', message: /fill fills a global store/ })
})
