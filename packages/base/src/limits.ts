import { checkOptions, type OptionRules } from './options.ts'

/** A bound on a queue, buffer, retry or wait. The unit stands at the end of its name. */
export interface Limit {
  readonly default: number
  readonly min: number
  readonly max: number
  /** What happens when the limit is reached, one sentence. */
  readonly reached: string
}

export type LimitTable = Readonly<Record<string, Limit>>

/**
 * The limits in force: what was given, checked against the table, defaults elsewhere.
 *
 * @throws CONFIG_UNKNOWN_OPTION, CONFIG_INVALID_OPTION
 * @example
 * const limits = { queueMaxRecords: { default: 1000, min: 1, max: 1e6, reached: 'Reading pauses.' } } as const satisfies LimitTable
 * const { queueMaxRecords } = resolveLimits('consume', limits, options.limits)
 */
export function resolveLimits<Table extends LimitTable>(
  where: string,
  table: Table,
  given: { readonly [Name in keyof Table]?: number | undefined } = {},
): { readonly [Name in keyof Table]: number } {
  const rules = Object.fromEntries(
    Object.entries(table).map(([name, { min, max }]) => [name, { min, max }]),
  ) as unknown as OptionRules<typeof given>
  checkOptions(where, given, rules)
  const names = Object.keys(table) as (keyof Table)[]
  return Object.fromEntries(names.map((name) => [name, given[name] ?? table[name]!.default])) as {
    readonly [Name in keyof Table]: number
  }
}
