import type { Target, Transport } from '@millrace/kafka'

/** How long every broker may refuse connections before nobody is expected to listen any more; a restart takes less. */
const refusedAfterMs = 1_000

/** A transport that knows when nothing but refusals came of it. */
export interface WatchedTransport extends Transport {
  /** Rejects with the last refusal once every address has refused for `refusedAfterMs`, and nothing else has come of any. */
  readonly nobodyListens: Promise<never>
}

/** Watches the connections to `brokers`: one that is accepted, hangs or fails otherwise says that waiting may help. */
export function watched(transport: Transport, brokers: string): WatchedTransport {
  const addresses = new Set(brokers.split(',').map((address) => address.trim()))
  const refused = new Set<string>()
  const nobody = Promise.withResolvers<never>()
  nobody.promise.catch(() => {})
  let firstRefusalMs: number | undefined
  const otherwise = (): void => {
    refused.clear()
    firstRefusalMs = undefined
  }
  return {
    nobodyListens: nobody.promise,
    async connect(target, options) {
      try {
        const connection = await transport.connect(target, options)
        otherwise()
        return connection
      } catch (error) {
        if (isRefused(error)) {
          refused.add(addressOf(target))
          firstRefusalMs ??= performance.now()
          if (refused.size >= addresses.size && performance.now() - firstRefusalMs >= refusedAfterMs)
            nobody.reject(error)
        } else otherwise()
        throw error
      }
    },
  }
}

function addressOf({ host, port }: Target): string {
  return `${host}:${port}`
}

/** Whether the other side said that nothing listens there, however deep that is wrapped. */
export function isRefused(error: unknown): boolean {
  for (let depth = 0; error instanceof Error && depth < 5; depth++) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED' || /ECONNREFUSED/.test(error.message)) return true
    error = error.cause
  }
  return false
}
