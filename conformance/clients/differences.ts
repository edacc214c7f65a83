/** A case in which a client sees Millrace do what Apache Kafka does not, and why that stays. */
export interface Difference {
  readonly case: string
  /** The clients that see it; absent for all. */
  readonly clients?: readonly string[]
  readonly why: string
}

/** Every difference that is not a bug. A row whose case comes out the same fails the test, so that none goes stale. */
export const differences: readonly Difference[] = []

export function differenceOf(client: string, name: string): string | undefined {
  return differences.find((one) => one.case === name && (one.clients?.includes(client) ?? true))?.why
}
