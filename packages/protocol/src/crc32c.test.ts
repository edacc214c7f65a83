import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomInt, seededRandom } from '@millrace/base'
import { crc32c, crc32cScript } from './crc32c.ts'

test('both implementations give the checksum that RFC 3720 prints', () => {
  for (const implementation of [crc32c, crc32cScript]) {
    assert.equal(implementation(Buffer.alloc(32)), 0x8a9136aa)
    assert.equal(implementation(Buffer.alloc(32, 0xff)), 0x62a8ab43)
    assert.equal(implementation(Buffer.from(Array.from({ length: 32 }, (_, index) => index))), 0x46dd794e)
    assert.equal(implementation(Buffer.from('123456789')), 0xe3069283)
  }
})

test('both implementations agree at every length, whole and in two parts', () => {
  const random = seededRandom(1)
  const bytes = Buffer.from(Array.from({ length: 100 }, () => randomInt(random, 256)))
  for (let length = 0; length <= bytes.length; length++) {
    const part = bytes.subarray(0, length)
    const whole = crc32c(part)
    assert.equal(crc32cScript(part), whole)
    const middle = randomInt(random, length + 1)
    for (const implementation of [crc32c, crc32cScript]) {
      assert.equal(implementation(part.subarray(middle), implementation(part.subarray(0, middle))), whole)
    }
  }
})
