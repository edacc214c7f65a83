import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkFile } from './rules.ts'

test('a core that reads the clock is found', () => {
  const found = checkFile('packages/broker/src/core/x.ts', 'const now = Date.now()\n')
  assert.match(found[0]?.rule ?? '', /take a Clock/)
})

test('a comment about the clock is not a finding', () => {
  assert.deepEqual(checkFile('packages/broker/src/core/x.ts', '// Date.now() would break replay\n'), [])
})

test('the broker may not import the client', () => {
  const found = checkFile('packages/broker/src/index.ts', "import { kafkaClient } from '@millrace/kafka'\n")
  assert.equal(found[0]?.rule, 'broker may not import kafka')
})

test('a path into another package is found', () => {
  const found = checkFile('packages/kafka/src/index.ts', "import { x } from '../../broker/src/x.ts'\n")
  assert.equal(found[0]?.rule, 'imports another package by path')
})

test('a file over the limit is found', () => {
  assert.equal(checkFile('packages/kafka/src/long.ts', 'x\n'.repeat(900))[0]?.rule, 'over 800 lines')
})
