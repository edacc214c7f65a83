import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MetricSample } from '@millrace/base'
import { type OtelMeter, otelMetrics } from './otel-metrics.ts'

type Observed = Record<string, readonly [value: number, attributes: unknown][]>
type Observer = (result: { observe(value: number, attributes?: unknown): void }) => void

/** A meter as the API defines one, read as a collector reads it. */
class Collector implements OtelMeter {
  readonly kinds = new Map<string, string>()
  readonly #observers = new Map<string, Set<Observer>>()

  createObservableCounter(name: string) {
    return this.#instrument(name, 'counter')
  }

  createObservableGauge(name: string) {
    return this.#instrument(name, 'gauge')
  }

  collect(): Observed {
    const observed: Observed = {}
    for (const [name, observers] of [...this.#observers]) {
      const found: [number, unknown][] = []
      for (const observer of observers) observer({ observe: (value, attributes) => found.push([value, attributes]) })
      if (observers.size > 0) observed[name] = found
    }
    return observed
  }

  #instrument(name: string, kind: string) {
    assert.ok(!this.kinds.has(name), `${name} is made twice`)
    this.kinds.set(name, kind)
    const observers = new Set<Observer>()
    this.#observers.set(name, observers)
    return {
      addCallback: (callback: Observer) => observers.add(callback),
      removeCallback: (callback: Observer) => observers.delete(callback),
    }
  }
}

function sample(name: string, value: number, labels: Record<string, string> = {}): MetricSample {
  return { name, type: name.endsWith('_total') ? 'counter' : 'gauge', help: '', labels, value }
}

test('samples become observations of instruments of their kind, with labels as attributes', async () => {
  const collector = new Collector()
  let asked = 0
  const now = [sample('a_total', 1, { task: '0_0' }), sample('a_total', 2, { task: '0_1' }), sample('b', 3)]
  const end = otelMetrics(collector, {
    metrics() {
      asked++
      return now
    },
  })
  asked = 0
  const expected = {
    a_total: [
      [1, { task: '0_0' }],
      [2, { task: '0_1' }],
    ],
    b: [[3, {}]],
  }
  assert.deepEqual(collector.collect(), expected)
  assert.equal(asked, 1, 'the source is asked once for all instruments')
  assert.deepEqual(
    [...collector.kinds],
    [
      ['a_total', 'counter'],
      ['b', 'gauge'],
    ],
  )

  await Promise.resolve()
  now.splice(0, 3, sample('a_total', 5, { task: '0_0' }), sample('c', 7))
  collector.collect()
  await Promise.resolve()
  assert.deepEqual(collector.collect(), { a_total: [[5, { task: '0_0' }]], b: [], c: [[7, {}]] })
  end()
  assert.deepEqual(collector.collect(), {})
})
