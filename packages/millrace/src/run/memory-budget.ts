/** Default of `memoryBudgetBytes`. */
export const defaultMemoryBudgetBytes = 256 * 1024 * 1024

export interface MemoryShares {
  /** Of each application: record caches in front of its stores. */
  readonly cacheMaxBytes: number
  /** Of each application: what a transaction may hold before it is committed early. */
  readonly uncommittedMaxBytes: number
  /** Of each application: output on its way to the broker. */
  readonly inflightMaxBytes: number
  /** Of each sink: what is fetched ahead. */
  readonly sinkBufferBytes: number
}

const mebibyte = 1024 * 1024

/**
 * Splits one budget over what holds memory. Half of an application's share is uncommitted state, a quarter cache, an eighth
 * output in flight; the rest is left to the fetch buffer. A sink needs only its buffer.
 *
 * @example
 * shareMemory(256 * 2 ** 20, { apps: 1, sinks: 1 })
 */
export function shareMemory(
  budgetBytes: number,
  parts: { readonly apps: number; readonly sinks: number },
): MemoryShares {
  // An application counts as much as four sinks.
  const units = Math.max(1, parts.apps * 4 + parts.sinks)
  const unit = Math.max(4 * mebibyte, Math.floor(budgetBytes / units))
  const app = unit * 4
  return {
    cacheMaxBytes: Math.floor(app / 4),
    uncommittedMaxBytes: Math.floor(app / 2),
    inflightMaxBytes: Math.floor(app / 8),
    sinkBufferBytes: unit,
  }
}
