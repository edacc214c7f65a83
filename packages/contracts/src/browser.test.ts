import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'

test('texts are written and read without Buffer, as in a browser', async () => {
  const saved = Object.getOwnPropertyDescriptor(globalThis, 'Buffer')!
  // A module of its own, loaded while there is no Buffer.
  Object.defineProperty(globalThis, 'Buffer', { value: undefined, configurable: true, writable: true })
  try {
    const { encodeText, decodeText } = (await import(
      import.meta.resolve('./text.ts?without-buffer')
    )) as typeof import('./text.ts')
    const bytes = encodeText('Grüße 🦊', 'it')
    assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype)
    assert.equal(decodeText(bytes, 'it'), 'Grüße 🦊')
    assert.throws(() => decodeText(Uint8Array.of(0xc3, 0x28), 'it'), { code: 'CONTRACT_MISMATCH' })
  } finally {
    Object.defineProperty(globalThis, 'Buffer', saved)
  }
})

test('bytes of another realm are read too', async () => {
  const { decodeText } = await import('./text.ts')
  const foreign = runInNewContext('Uint8Array.of(104, 105)') as Uint8Array
  assert.equal(decodeText(foreign, 'it'), 'hi')
})
