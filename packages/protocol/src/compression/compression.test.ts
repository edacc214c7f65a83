import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compress, decompress } from './compression.ts'
import { compressionTypes } from './types.ts'

const codecs = compressionTypes.slice(1)
const text = Buffer.from('a line of text that repeats itself\n'.repeat(3000))

for (const type of codecs) {
  const code = compressionTypes.indexOf(type)

  test(`${type} gives back what it took, whatever the size`, () => {
    for (const size of [0, 1, 100, 32 * 1024, 32 * 1024 + 1, text.length]) {
      const bytes = text.subarray(0, size)
      assert.equal(decompress(code, compress(type, bytes), 1 << 20).equals(bytes), true, `${size} bytes`)
    }
  })

  test(`${type} refuses a bomb`, () => {
    const bomb = compress(type, Buffer.alloc(20 << 20))
    assert.throws(() => decompress(code, bomb, 10 << 20), { code: 'PROTOCOL_BATCH_TOO_LARGE' })
    assert.equal(decompress(code, bomb, 20 << 20).length, 20 << 20)
  })

  test(`${type} says malformed to garbage and to what was cut off`, () => {
    const whole = compress(type, text)
    const bad = [Buffer.alloc(0), Buffer.from('garbage, not compressed'), whole.subarray(0, whole.length - 5)]
    for (const bytes of bad) {
      assert.throws(
        () => decompress(code, bytes, 1 << 20),
        { code: 'PROTOCOL_MALFORMED' },
        bytes.toString('hex', 0, 20),
      )
    }
  })
}

test('raw snappy, without the framing Java writes, is read too', () => {
  const framed = compress('snappy', Buffer.from('abc'))
  const raw = framed.subarray(20)
  assert.equal(decompress(compressionTypes.indexOf('snappy'), raw, 1000).toString(), 'abc')
})

test('a code that no codec has is refused by name', () => {
  for (const code of [5, 7]) {
    assert.throws(() => decompress(code, text, 1000), { code: 'PROTOCOL_UNSUPPORTED_COMPRESSION' })
  }
})
