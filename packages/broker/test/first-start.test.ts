import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import test from 'node:test'
import { startBroker } from '../src/start-broker.ts'

test('the first broker of a process has its code when it is asked for: starting one in memory loads none of it', async () => {
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
    // Checksums in native code come from a dependency, when the first one is asked for.
    const ours = loaded.filter((url) => url.startsWith('file:') && !url.includes('/node_modules/'))
    assert.deepEqual(ours, [])
  } finally {
    hooks.deregister()
  }
})
