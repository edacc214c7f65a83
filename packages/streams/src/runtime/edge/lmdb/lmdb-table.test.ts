import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { prefixBytes } from './long-keys.ts'
import { TaskEnvironment } from './task-environment.ts'

let directory: string
let environment: TaskEnvironment
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-table-'))
  environment = TaskEnvironment.open(join(directory, '0_0'))
})
after(async () => {
  await environment.close()
  rmSync(directory, { recursive: true })
})

const long = (fill: number, tail: number[]): Buffer =>
  Buffer.concat([Buffer.alloc(prefixBytes, fill), Buffer.from(tail)])

/** Keys that crowd around the length limit, where plain keys and buckets meet. */
const keys = fc.oneof(
  fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
  fc
    .tuple(fc.constantFrom(7, 8), fc.array(fc.constantFrom(0, 1, 255), { maxLength: 3 }))
    .map(([fill, tail]) => long(fill, tail)),
  fc.constantFrom(7, 8).map((fill) => long(fill, []).subarray(0, prefixBytes - 1)),
)
const writes = fc.array(
  fc.record({ key: keys, value: fc.option(fc.uint8Array({ maxLength: 4 }), { nil: undefined }) }),
  {
    maxLength: 30,
  },
)

test('a table answers like a sorted map, for empty and for overlong keys too', () => {
  const table = environment.table('model')
  fc.assert(
    fc.property(writes, fc.option(keys), fc.option(keys), fc.boolean(), (steps, from, to, reverse) => {
      table.clear()
      const model = new Map<string, { key: Buffer; value: Uint8Array }>()
      environment.transaction(() => {
        for (const { key, value } of steps) {
          table.set(key, value)
          if (value === undefined) model.delete(key.toString('hex'))
          else model.set(key.toString('hex'), { key, value })
        }
      })
      for (const { key } of steps) {
        const expected = model.get(key.toString('hex'))?.value
        assert.deepEqual(hex(table.get(key)), hex(expected))
      }
      const expected = [...model.values()]
        .filter(({ key }) => (!from || Buffer.compare(key, from) >= 0) && (!to || Buffer.compare(key, to) < 0))
        .sort((a, b) => Buffer.compare(a.key, b.key) * (reverse ? -1 : 1))
        .map(({ key, value }) => [hex(key), hex(value)])
      const found = [...table.range({ from: from ?? undefined, to: to ?? undefined, reverse })]
      assert.deepEqual(
        found.map(([key, value]) => [hex(key), hex(value)]),
        expected,
      )
    }),
    { numRuns: 200 },
  )
})

test('a table grows far beyond the first map of its file', () => {
  const table = environment.table('big')
  const value = Buffer.alloc(10_000, 1)
  for (let round = 0; round < 10; round++)
    environment.transaction(() => {
      for (let i = 0; i < 200; i++) table.set(Buffer.from(`${round}-${i}`), value)
    })
  assert.equal([...table.range()].length, 2_000)
})

test('a throwing transaction leaves no trace', () => {
  const table = environment.table('atomic')
  assert.throws(() =>
    environment.transaction(() => {
      table.set(Buffer.from('k'), Buffer.from('v'))
      throw new Error('no')
    }),
  )
  assert.equal(table.get(Buffer.from('k')), undefined)
})

function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('hex')
}
