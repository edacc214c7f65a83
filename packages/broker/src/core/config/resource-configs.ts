import type { MetadataRecord } from '../topics/metadata-journal.ts'

export type GroupConfigRecord = {
  readonly kind: 'groupConfig'
  readonly group: string
  readonly config: Readonly<Record<string, string>>
}

export type ClientMetricsRecord = {
  readonly kind: 'clientMetrics'
  readonly name: string
  readonly config: Readonly<Record<string, string>>
}

type Values = ReadonlyMap<string, string>

/** Settings of what has no other place to keep them: groups, which need not exist, and client metrics subscriptions. */
export class ResourceConfigs {
  readonly groups = new Map<string, Values>()
  readonly clientMetrics = new Map<string, Values>()
  readonly #record: (record: MetadataRecord) => void

  /** `record` makes a change durable; it throws when it cannot be. */
  constructor(record: (record: MetadataRecord) => void) {
    this.#record = record
  }

  /** Takes a recorded change into memory; no settings left are no entry. */
  apply(record: GroupConfigRecord | ClientMetricsRecord): void {
    const values = new Map(Object.entries(record.config))
    const [entries, name] =
      record.kind === 'groupConfig' ? [this.groups, record.group] : [this.clientMetrics, record.name]
    if (values.size === 0) entries.delete(name)
    else entries.set(name, values)
  }

  /** Replaces the settings of a group. Throws what recording throws. */
  setGroup(group: string, values: Values): void {
    const record: GroupConfigRecord = { kind: 'groupConfig', group, config: Object.fromEntries(values) }
    this.#record(record)
    this.apply(record)
  }

  /** Replaces a subscription. Throws what recording throws. */
  setClientMetrics(name: string, values: Values): void {
    const record: ClientMetricsRecord = { kind: 'clientMetrics', name, config: Object.fromEntries(values) }
    this.#record(record)
    this.apply(record)
  }

  *records(): Iterable<MetadataRecord> {
    for (const [group, values] of this.groups) {
      yield { kind: 'groupConfig', group, config: Object.fromEntries(values) }
    }
    for (const [name, values] of this.clientMetrics) {
      yield { kind: 'clientMetrics', name, config: Object.fromEntries(values) }
    }
  }
}
