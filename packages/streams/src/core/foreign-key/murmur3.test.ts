import assert from 'node:assert/strict'
import { test } from 'node:test'
import { murmur3 } from './murmur3.ts'

// What `Murmur3.hash128` of Kafka Streams 4.3.0 makes of `length` bytes, of which byte `i` is `i * 37 + 200`.
const expected: readonly (readonly [length: number, hash: string])[] = [
  [0, '9d2764a018e329428c3cf3b035938518'],
  [1, 'bff2166f25d4e3caad76f90042c32eb7'],
  [7, 'e2c12aaa37615c8d78e8fff449acd2e3'],
  [8, '5376fe5d8752a4802bcfb922970c534c'],
  [9, 'b79cc91e67eb164f7285936d18b5c4c8'],
  [15, '8541440932df88a8133781906f758397'],
  [16, '3b1ca826ba2a8ab100ff368af7e15570'],
  [17, '14606ec89b0c68c720e38f08a941bbdf'],
  [31, '0fc8bff6b4d635a2db8b6c0ce90a3cd8'],
  [32, '271fc7adca25c66d69f499a2c53fd088'],
  [33, 'c811ac0257c06b43de4815d1c281354e'],
  [100, 'ac5e6f34f01858a4773258770366c397'],
]

test("hashes are those of Kafka Streams' Murmur3", () => {
  for (const [length, hash] of expected) {
    const data = Buffer.from(Array.from({ length }, (_, i) => (i * 37 + 200) & 0xff))
    assert.equal(murmur3(data).toString('hex'), hash, `${length} bytes`)
  }
})
