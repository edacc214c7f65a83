import assert from 'node:assert/strict'
import { test } from 'node:test'
import { handlers } from '@millrace/broker/internal'
import { apis } from '@millrace/protocol'
import { unservedApis } from './broker-unserved.ts'
import { kipTitles } from './kips.ts'

test('every handler of the broker names its KIPs, and every KIP has a title', () => {
  for (const { api, kips } of handlers) {
    assert.ok(kips && kips.length > 0, `${api.name} names no KIP`)
    assert.deepEqual([...new Set(kips)], kips, `${api.name} names a KIP twice`)
    for (const kip of kips) assert.ok(kipTitles[kip], `KIP-${kip} of ${api.name} has no title in scripts/docs/kips.ts`)
  }
})

test('every API that is not served has a reason, and no other has one', () => {
  const served = new Set(handlers.map((one) => one.api.name))
  const missing = Object.keys(apis).filter((name) => !served.has(name))
  assert.deepEqual(Object.keys(unservedApis).sort(), missing.sort())
})

test('a handler that serves fewer versions than Kafka has says why', () => {
  for (const { api, versions, leftOut } of handlers) {
    const { min, max } = api.request.validVersions
    if (versions[0] === min && versions[1] === max) continue
    assert.ok(leftOut, `${api.name} serves ${versions.join(' to ')} of ${min} to ${max} and does not say why`)
  }
})
