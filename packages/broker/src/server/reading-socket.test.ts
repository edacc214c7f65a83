import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { readingInto, readMemory } from './reading-socket.ts'

/** A connection, accepted by a server that reads into the returned memory, and its other end. */
async function connected(): Promise<{
  memory: Buffer
  socket: Socket
  peer: Socket
  server: ReturnType<typeof createServer>
}> {
  const memory = readMemory()
  const accepted = Promise.withResolvers<Socket>()
  const server = createServer({ pauseOnConnect: true }, (one) => accepted.resolve(readingInto(memory, one)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const peer = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const socket = await accepted.promise
  return { memory, socket, peer, server }
}

test('a socket reads into the memory it is given, whole streams in order, and sees the end', async () => {
  const { memory, socket, peer, server } = await connected()
  const sent = Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_, at) => at * 31 + (at >> 8)))
  const got: Buffer[] = []
  socket.on('data', (chunk: Buffer) => {
    assert.equal(chunk.buffer, memory.buffer)
    got.push(Buffer.from(chunk))
  })
  // What is sent before anybody listens is not lost.
  peer.write(sent.subarray(0, 1000))
  await delay(20)
  assert.equal(got.length, 0)
  socket.resume()
  peer.end(sent.subarray(1000))
  await once(socket, 'end')
  assert.ok(Buffer.concat(got).equals(sent))
  assert.equal(socket.remoteAddress, '127.0.0.1')
  await once(socket, 'close')
  server.close()
  await once(server, 'close')
})

test('a paused socket reads nothing until it is resumed, and answers go out meanwhile', async () => {
  const { socket, peer, server } = await connected()
  let bytes = 0
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    socket.pause()
  })
  socket.resume()
  peer.write(Buffer.alloc(1_000_000))
  await once(socket, 'data')
  await delay(20)
  const atPause = bytes
  assert.ok(atPause <= 65_536)
  socket.write('pong')
  assert.equal(String((await once(peer, 'data'))[0]), 'pong')
  assert.equal(bytes, atPause)
  while (bytes < 1_000_000) {
    socket.resume()
    await delay(1)
  }
  socket.destroy()
  await once(peer, 'close')
  server.close()
  await once(server, 'close')
})

test("the server's count of connections does not include what it has handed over", async () => {
  const { socket, peer, server } = await connected()
  assert.equal(await new Promise((resolve) => server.getConnections((_, count) => resolve(count))), 0)
  socket.resume()
  peer.resetAndDestroy()
  const [error] = await once(socket, 'error')
  assert.equal(error.code, 'ECONNRESET')
  server.close()
  await once(server, 'close')
})
