import { Socket } from 'node:net'

/** Bytes that one system call takes from a socket at most. */
const readBytes = 64 * 1024

/** Memory that the sockets of a thread read into, one after the other. */
export function readMemory(): Buffer {
  return Buffer.allocUnsafeSlow(readBytes)
}

/** What Node's sockets have and its types do not: the operating system's side of the connection. */
interface WithHandle {
  _handle?: object | null
}

/**
 * Goes on with a connection that a server has accepted and not read from (`pauseOnConnect`), on a socket that reads into
 * `memory` again and again. What its 'data' events give is overwritten when their listeners return. It is paused.
 *
 * Node gives each read 64 KiB of its own otherwise. They are garbage as soon as the request has been put together, and V8 marks
 * the whole heap each time 64 MB of them have gathered, which took half of a busy broker's CPU time. Node reads into the caller's
 * memory for sockets that connect (`onread`), but not for those that a server accepts; hence the change of sockets. Where
 * Node should keep its handles elsewhere some day, the connection stays on the socket it has, and costs more.
 */
export function readingInto(memory: Buffer, accepted: Socket): Socket {
  const holder = accepted as WithHandle
  const handle = holder._handle
  if (!handle) return accepted
  holder._handle = null
  // The server counts it as gone.
  accepted.destroy()
  const callback = (bytes: number): boolean => {
    socket.emit('data', memory.subarray(0, bytes))
    return true
  }
  const options = { handle, onread: { buffer: memory, callback } }
  const socket = new Socket(options as ConstructorParameters<typeof Socket>[0])
  return socket.pause()
}
