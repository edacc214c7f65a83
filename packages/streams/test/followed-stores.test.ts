import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { runnable } from '../src/core/dsl/topology.ts'
import { topology } from '../src/index.ts'
import type { QuerySource } from '../src/runtime/queries/query-source.ts'
import { ChangeFeeds } from '../src/runtime/queries/store-changes.ts'

const rows = topic('rows', { key: serdes.string, value: serdes.string })
const others = topic('others', { key: serdes.string, value: serdes.string })

test('a store that tells no changes is not followed: one without changelog, and a global table', () => {
  const app = topology('quiet')
  app.table(rows, { store: 'unlogged', changelog: false }).to(others)
  app.globalTable(topic('world', { key: serdes.string, value: serdes.string }), { store: 'world' })
  const plan = runnable(app).plan()
  const feeds = new ChangeFeeds({ plan } as QuerySource)
  for (const store of [plan.stores.get('unlogged')!, plan.globalStores[0]!.store]) {
    assert.throws(() => feeds.open(store), {
      code: 'STREAMS_STORE_NO_CHANGES',
      retriable: false,
      fields: { store: store.name },
    })
  }
})
