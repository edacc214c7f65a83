import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMillraceError, type Random, randomInt, seededRandom } from '@millrace/base'
import { batchesIn, decodeMessage, decodeRequestHeader } from '@millrace/protocol'
import { allMessages } from '@millrace/protocol/internal'
import { batchFixtures, messageFixtures } from './fixtures.ts'

const seed = Number(process.env.MILLRACE_SEED ?? 20)
const mutationsPerMessage = Number(process.env.MILLRACE_FUZZ_COUNT ?? 20)
const mutationsPerBatch = mutationsPerMessage * 100
const allowed = new Set(['PROTOCOL_MALFORMED', 'PROTOCOL_UNSUPPORTED_COMPRESSION', 'PROTOCOL_BATCH_TOO_LARGE'])

/** Damages a copy: flipped bits, overwritten runs, lengths made extreme, bytes cut out or doubled. */
function damage(bytes: Buffer, random: Random): Buffer {
  let damaged = Buffer.from(bytes)
  for (let count = 1 + randomInt(random, 3); count > 0; count--) {
    const at = randomInt(random, Math.max(1, damaged.length))
    const length = 1 + randomInt(random, 8)
    switch (randomInt(random, 5)) {
      case 0:
        damaged[at] = damaged[at]! ^ (1 << randomInt(random, 8))
        break
      case 1:
        damaged.fill(randomInt(random, 256), at, Math.min(damaged.length, at + length))
        break
      case 2:
        damaged.fill(0xff, at, Math.min(damaged.length, at + 4))
        break
      case 3:
        damaged = Buffer.concat([damaged.subarray(0, at), damaged.subarray(at + length)])
        break
      default:
        damaged = Buffer.concat([damaged.subarray(0, at + length), damaged.subarray(at)])
    }
  }
  return damaged
}

/** Runs `read` on damaged bytes: it may succeed, or throw one of this package's errors, and nothing else. */
function survives(bytes: Buffer, read: () => void, what: string): void {
  try {
    read()
  } catch (error) {
    if (isMillraceError(error) && allowed.has(error.code)) return
    assert.fail(`${what}, seed ${seed}, bytes ${bytes.toString('hex')}: ${(error as Error).stack}`)
  }
}

test('a damaged message is decoded or malformed, never anything else', () => {
  const random = seededRandom(seed)
  const types = new Map(allMessages.map((type) => [type.name, type]))
  for (const { message, version, bytes } of messageFixtures()) {
    const original = Buffer.from(bytes, 'base64')
    for (let count = 0; count < mutationsPerMessage; count++) {
      const damaged = damage(original, random)
      survives(damaged, () => decodeMessage(types.get(message)!, version, damaged), `${message} v${version}`)
      if (message === 'RequestHeader') survives(damaged, () => decodeRequestHeader(damaged), 'a request header')
    }
  }
})

test('a damaged batch is read or malformed, never anything else', () => {
  const random = seededRandom(seed)
  for (const { made, bytes } of batchFixtures()) {
    const original = Buffer.from(bytes, 'base64')
    for (let count = 0; count < mutationsPerBatch; count++) {
      const damaged = damage(original, random)
      const read = (): void => {
        for (const batch of batchesIn(damaged)) {
          batch.isCrcValid()
          for (const cursor = batch.cursor(); cursor.next(); ) {
            cursor.headers()
            assert.ok((cursor.valueBytes()?.length ?? -1) === cursor.valueLength)
            assert.ok((cursor.keyBytes()?.length ?? -1) === cursor.keyLength)
          }
        }
      }
      survives(damaged, read, `a batch with ${made.compression ?? 'a marker'}`)
    }
  }
})
