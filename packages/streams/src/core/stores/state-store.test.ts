import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { testDriver } from '../../testing.ts'
import { topology } from '../dsl/topology.ts'

test('a row that was looked up before it came, and was evicted since, can still be deleted', () => {
  const row = topic('row', { key: serdes.string, value: serdes.string })
  const event = topic('event', { key: serdes.string, value: serdes.string })
  const app = topology('evicted')
  app
    .stream(event)
    .join(app.table(row, { store: 'rows' }), (left, right) => left + right)
    .to(topic('joined', { key: serdes.string, value: serdes.string }))
  using driver = testDriver(app, { cacheMaxBytes: 2_000 })
  driver.input(event).pipe('k', 'too early')
  driver.input(row).pipe('k', 'here')
  driver.commit()
  for (let index = 0; index < 100; index++) driver.input(row).pipe(`other-${index}`, 'x')
  driver.input(row).pipe('k', null)
  driver.commit()
  assert.equal(driver.store('rows').get('k'), undefined)
})
