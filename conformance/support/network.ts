// A network that tests cut: between a client and a server stands a relay that can be told to misbehave.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Relay extends AsyncDisposable {
  readonly port: number
  /** Ends all connections without a word, as a router does that forgot them. */
  cut(): void
  /** Passes nothing on any more, in either direction, until `mend`; connections stay open, as with a pulled cable. */
  silence(): void
  mend(): void
  /** New connections go to another port of this machine. */
  redirect(port: number): void
}

/** Listens on a port of its own and passes on to `port` of this machine. */
export async function startRelay(port: number): Promise<Relay> {
  const sockets = new Set<Socket>()
  let isSilent = false
  let target = port
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('data', (bytes) => {
        // What was sent into the silence is lost with its connection, so that nothing is missing in the middle of one.
        if (isSilent) from.pause()
        else if (!to.write(bytes)) from.pause()
      })
      to.on('drain', () => from.resume())
      from.on('error', () => from.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    silence() {
      isSilent = true
    },
    redirect(next) {
      target = next
    },
    mend() {
      isSilent = false
      cut()
    },
    async [Symbol.asyncDispose]() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
