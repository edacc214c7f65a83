import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { keyValueStore, type ProcessorContext, topology } from '../../index.ts'
import { testDriver } from '../../testing.ts'

const words = topic('words', { key: serdes.string, value: serdes.string })
const others = topic('others', { key: serdes.string, value: serdes.string })
const lengths = topic('lengths', { key: serdes.string, value: serdes.json<number>() })
const longest = keyValueStore<string, number>({ name: 'longest' })

test('a graph of sources, processors and sinks under names of its own', () => {
  const app = topology('graph')
  const from = [app.source('words-in', words), app.source('others-in', others)]
  const measured = app.processor(
    'measure',
    (context: ProcessorContext<string, number>) => {
      const store = context.store(longest)
      return {
        process({ key, value }) {
          const length = Math.max(store.get(key) ?? 0, value.length)
          store.put(key, length)
          context.forward({ key, value: length })
        },
      }
    },
    { from, stores: [longest] },
  )
  app.sink('lengths-out', lengths, { from: measured })
  using driver = testDriver(app)
  driver.input(words).pipe('k', 'three')
  driver.input(others).pipe('k', 'one')
  assert.deepEqual(driver.output(lengths).readAll(), [
    ['k', 5],
    ['k', 5],
  ])
  assert.equal(
    driver.describe(),
    [
      'Topologies:',
      '   Sub-topology: 0',
      '    Source: others-in (topics: [others])',
      '      --> measure',
      '    Source: words-in (topics: [words])',
      '      --> measure',
      '    Processor: measure (stores: [longest])',
      '      --> lengths-out',
      '      <-- words-in, others-in',
      '    Sink: lengths-out (topic: lengths)',
      '      <-- measure',
      '',
      '',
    ].join('\n'),
  )
})

test('a node of a name that is taken is refused', () => {
  const app = topology('twice')
  const source = app.source('in', words)
  app.sink('in', others, { from: source })
  assert.throws(() => app.describe(), { message: /two steps are named 'in'/ })
})
