import type { Socket } from 'node:net'

/** How long a child may take to end after its owner has died; with the owner went what it would wait for. */
const orphanTimeoutMs = 10_000

/**
 * Resolves once the process should stop: Ctrl-C, SIGTERM, or, for children of a `ProcessTree`, when its owner has died.
 * A second Ctrl-C ends the process at once; a process without its owner is ended after ten seconds.
 *
 * @example
 * await untilShutdown()
 * await server.close()
 */
export function untilShutdown(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        resolve(signal)
        if (signal === 'SIGINT') process.once('SIGINT', () => process.exit(130))
      })
    }
    if (process.env.MILLRACE_SUPERVISED === '1') {
      process.stdin.on('end', () => {
        setTimeout(() => process.exit(1), orphanTimeoutMs).unref()
        resolve('the supervisor ended')
      })
      process.stdin.resume()
      // Watching the owner must not be what keeps a process alive that has finished its work.
      ;(process.stdin as Partial<Socket>).unref?.()
    }
  })
}
