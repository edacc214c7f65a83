import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Knows which connections carry a request, to end the others when the server closes. Node counts a connection that was
 * opened and never used as busy until its time for headers is over, a minute and more; clients that keep a pool, and other
 * instances, leave such ones behind.
 *
 * @returns the function that ends idle connections now, and each other one behind its answer
 */
export function trackConnections(server: Server): () => void {
  const idle = new Set<Socket>()
  let isClosing = false
  server.on('connection', (socket: Socket) => {
    idle.add(socket)
    socket.once('close', () => idle.delete(socket))
  })
  server.prependListener('request', ({ socket }, response) => {
    idle.delete(socket)
    response.once('close', () => {
      if (isClosing) socket.destroySoon()
      else if (!socket.destroyed) idle.add(socket)
    })
  })
  return () => {
    isClosing = true
    for (const socket of idle) socket.destroy()
  }
}
