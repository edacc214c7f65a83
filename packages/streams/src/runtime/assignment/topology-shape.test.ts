import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { runnable, topology } from '../../core/dsl/topology.ts'
import { shapeOfGroup, topologyShape } from './topology-shape.ts'
import { runsHere, type Subscription } from './user-data.ts'

const order = topic('order', { key: serdes.string, value: serdes.json<number>() })
const other = topic('other', { key: serdes.string, value: serdes.json<number>() })

function shapeOf(build: (app: ReturnType<typeof topology>) => unknown): string {
  const app = topology('shop')
  build(app)
  return topologyShape(runnable(app).plan().subtopologies)
}

test('what is done with records may change from instance to instance, topics and stores may not', () => {
  const counted = shapeOf((app) => app.stream(order).groupByKey().count({ store: 'counts' }))
  assert.equal(
    shapeOf((app) =>
      app
        .stream(order)
        .filter((n) => n > 1)
        .groupByKey()
        .count({ store: 'counts' }),
    ),
    counted,
  )
  assert.notEqual(
    shapeOf((app) => app.stream(other).groupByKey().count({ store: 'counts' })),
    counted,
  )
  assert.notEqual(
    shapeOf((app) => app.stream(order).groupByKey().count({ store: 'numbers' })),
    counted,
  )
  assert.notEqual(
    shapeOf((app) => app.table(order, { store: 'counts', historyRetentionMs: 1 })),
    counted,
  )
})

const member = (shape: string | undefined, ...running: readonly string[]): Subscription =>
  ({
    offsets: Object.fromEntries(running.map((task) => [task, runsHere])),
    ...(shape !== undefined && { shape }),
  }) as unknown as Subscription

test('a group keeps to the topology that is at work, else to that of most', () => {
  assert.equal(shapeOfGroup([member('a', '0_0'), member('b'), member('b')]), 'a')
  assert.equal(shapeOfGroup([member('a'), member('b'), member('b')]), 'b')
  assert.equal(shapeOfGroup([member('b'), member('a')]), 'a')
  assert.equal(shapeOfGroup([member(undefined, '0_0'), member('b')]), 'b')
  assert.equal(shapeOfGroup([member(undefined)]), undefined)
})
