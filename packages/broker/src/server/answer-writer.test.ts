import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { MessagePart } from '@millrace/protocol'
import { FileRange } from '../core/storage/storage.ts'
import { AnswerWriter } from './answer-writer.ts'
import { ChunkPool } from './chunk-pool.ts'

let releases = 0

/** As a file's range, of bytes that are here. */
class Range extends FileRange {
  readonly bytes: Buffer
  readonly length: number
  #released = false

  constructor(bytes: Buffer, length = bytes.length) {
    super()
    this.bytes = bytes
    this.length = length
  }

  readInto(target: Buffer, position: number): number {
    assert.ok(!this.#released, 'read after its release')
    return this.bytes.copy(target, 0, position)
  }

  release(): void {
    assert.ok(!this.#released, 'released twice')
    this.#released = true
    releases++
  }
}

async function pair(): Promise<{ ours: Socket; peer: Socket } & Disposable> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const peer = connect(port, '127.0.0.1')
  const [ours] = await accepted
  for (const socket of [ours, peer]) socket.on('error', () => {})
  const dispose = (): void => {
    ours.destroy()
    peer.destroy()
    server.close()
  }
  return { ours, peer, [Symbol.dispose]: dispose }
}

const bytes = (length: number, seed: number): Buffer => {
  const filled = Buffer.alloc(length)
  for (let at = 0; at + 4 <= length; at += 4) filled.writeUInt32LE(Math.imul(at + seed, 2654435761) >>> 0, at)
  return filled
}

/** Answers of all shapes, and what a peer must see of them. */
function answers(): { parts: MessagePart[][]; expected: Buffer; ranges: number } {
  const parts: MessagePart[][] = []
  const seen: Buffer[] = []
  let ranges = 0
  for (let index = 0; index < 12; index++) {
    const shapes = [bytes(40, index), new Range(bytes(1_700_000, index)), bytes(3, 1), new Range(bytes(20_000, index))]
    if (index % 3 === 0) shapes.push(bytes(2_000_000, index))
    const answer = index % 4 === 3 ? [bytes(100, index)] : shapes
    const flat = answer.map((part) => (part instanceof Range ? part.bytes : (part as Buffer)))
    ranges += answer.filter((part) => part instanceof Range).length
    const length = Buffer.alloc(4)
    length.writeInt32BE(flat.reduce((sum, one) => sum + one.length, 0))
    seen.push(length, ...flat)
    parts.push(answer)
  }
  return { parts, expected: Buffer.concat(seen), ranges }
}

const fail = (error: Error): never => {
  throw error
}

test('answers arrive as they are, whatever their parts, and all that was lent comes back', async () => {
  using sockets = await pair()
  const { parts, expected, ranges } = answers()
  const pool = new ChunkPool()
  const writer = new AnswerWriter(sockets.ours, pool, { sent: () => {}, error: fail })
  releases = 0
  const received: Buffer[] = []
  let count = 0
  sockets.peer.on('data', (chunk: Buffer) => {
    received.push(chunk)
    count += chunk.length
    // Slow, so that the kernel is full most of the time.
    sockets.peer.pause()
    setTimeout(() => sockets.peer.resume(), 1)
  })
  for (const answer of parts) writer.add(answer)
  assert.equal(writer.unsentBytes, expected.length)
  writer.flush()
  while (count < expected.length) await delay(5)
  assert.ok(Buffer.concat(received).equals(expected))
  assert.deepEqual([writer.unsentBytes, writer.memoryBytes, pool.usedBytes, releases], [0, 0, 0, ranges])
})

test('when a peer breaks off in mid-answer, all that was lent comes back', async () => {
  for (const whose of ['ours', 'peer'] as const) {
    using sockets = await pair()
    const { parts, ranges } = answers()
    const pool = new ChunkPool()
    const writer = new AnswerWriter(sockets.ours, pool, { sent: () => {}, error: fail })
    sockets.ours.on('close', () => writer.close())
    releases = 0
    for (const answer of parts) writer.add(answer)
    writer.flush()
    await delay(20)
    assert.ok(writer.unsentBytes > 0)
    sockets[whose].destroy()
    for (let waits = 0; waits < 200 && (pool.usedBytes > 0 || releases < ranges); waits++) await delay(5)
    assert.deepEqual([writer.unsentBytes, pool.usedBytes, releases], [0, 0, ranges], whose)
  }
})

test('an answer whose file has become shorter cannot be finished', async () => {
  using sockets = await pair()
  const pool = new ChunkPool()
  const errors: Error[] = []
  const writer = new AnswerWriter(sockets.ours, pool, { sent: () => {}, error: (error) => errors.push(error) })
  releases = 0
  writer.add([new Range(bytes(1000, 1), 100_000)])
  writer.flush()
  for (let waits = 0; waits < 200 && errors.length === 0; waits++) {
    writer.flush()
    await delay(5)
  }
  assert.equal((errors[0] as { code?: string } | undefined)?.code, 'BROKER_STORAGE_FAILED')
  writer.close()
  assert.deepEqual([pool.usedBytes, releases], [0, 1])
})
