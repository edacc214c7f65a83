import type { BrokerCore } from '../broker-core.ts'

/** The one log directory, as clients see it; in memory there is none to name. */
export function logDirectory({ storage }: BrokerCore): string {
  return storage.location ?? 'memory'
}
