import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import test from 'node:test'
import { startBroker } from '../src/start-broker.ts'

test('the first broker of a process has its code when it is asked for: starting one in memory loads no module', async () => {
  const loaded: string[] = []
  const hooks = registerHooks({
    load(url, context, next) {
      loaded.push(url)
      return next(url, context)
    },
  })
  try {
    await using broker = await startBroker({ memory: true })
    assert.ok(broker.port > 0)
    assert.deepEqual(loaded, [])
  } finally {
    hooks.deregister()
  }
})
