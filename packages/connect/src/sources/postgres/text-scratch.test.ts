import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TextScratch } from './text-scratch.ts'

test('a text becomes the bytes that a buffer of its own would hold, whatever its size and characters', () => {
  const scratch = new TextScratch()
  const texts = [
    '',
    'a',
    'ä€😀',
    '\ud800 alone',
    '€'.repeat(5_461),
    '€'.repeat(5_462),
    'x'.repeat(400_000),
    'ä'.repeat(2e6),
  ]
  for (const text of [...texts, ...texts.toReversed()]) assert.ok(scratch.encode(text).equals(Buffer.from(text)))
})
