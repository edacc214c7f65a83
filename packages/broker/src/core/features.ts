import type { MetadataRecord } from './topics/metadata-journal.ts'

export type FeatureRecord = {
  readonly kind: 'feature'
  readonly name: string
  readonly level: number
  readonly epoch: number
}

/** A feature that may be in force at one of several levels (KIP-584). */
interface Feature {
  readonly name: string
  readonly minLevel: number
  readonly maxLevel: number
  /** At which a new data folder starts. */
  readonly firstLevel: number
  /** The API without whose handler there is no such feature. */
  readonly needsApi?: number
}

const consumerGroupHeartbeat = 68

/** Levels of Kafka 4.3. What it has beyond them belongs to things that are not here: share and streams groups, replicas, quorum. */
const features: readonly Feature[] = [
  { name: 'metadata.version', minLevel: 7, maxLevel: 30, firstLevel: 30 },
  { name: 'group.version', minLevel: 0, maxLevel: 1, firstLevel: 1, needsApi: consumerGroupHeartbeat },
  { name: 'transaction.version', minLevel: 0, maxLevel: 2, firstLevel: 2 },
]

/** How an update may go, as the protocol numbers it (KIP-778). */
export const upgradeType = { upgrade: 1, safeDowngrade: 2, unsafeDowngrade: 3 } as const

export interface FeatureUpdate {
  readonly name: string
  readonly level: number
  readonly type: number
}

/** Feature levels in force, kept in the metadata journal where they are not the first ones. */
export class Features {
  /** Grows with every change of a level. */
  epoch = 1
  readonly #features: readonly Feature[]
  readonly #levels: Map<string, number>
  readonly #changed = new Map<string, number>()
  readonly #record: (...records: MetadataRecord[]) => void

  constructor(isServed: (apiKey: number) => boolean, record: (...records: MetadataRecord[]) => void) {
    this.#features = features.filter(({ needsApi }) => needsApi === undefined || isServed(needsApi))
    this.#levels = new Map(this.#features.map(({ name, firstLevel }) => [name, firstLevel]))
    this.#record = record
  }

  /** Levels that could be in force. */
  get supported(): readonly { readonly name: string; readonly minLevel: number; readonly maxLevel: number }[] {
    return this.#features
  }

  /** Levels that are in force; level 0 is none. */
  get finalized(): { name: string; level: number }[] {
    return Array.from(this.#levels, ([name, level]) => ({ name, level })).filter(({ level }) => level > 0)
  }

  level(name: string): number {
    return this.#levels.get(name) ?? 0
  }

  /** Why an update is refused; undefined when it is not. */
  problem({ name, level, type }: FeatureUpdate): string | undefined {
    const feature = this.#features.find((one) => one.name === name)
    const refuse = (why: string): string => `Invalid update version ${level} for feature ${name}. ${why}`
    if (level < 0) return refuse('A level is never negative.')
    if (type < upgradeType.upgrade || type > upgradeType.unsafeDowngrade) return refuse('No such type of upgrade.')
    if (!feature) return refuse('The broker has no such feature.')
    const { minLevel, maxLevel } = feature
    if (level < minLevel || level > maxLevel) return refuse(`The broker has levels ${minLevel} to ${maxLevel}.`)
    if (level >= this.level(name)) return undefined
    if (type === upgradeType.upgrade) return refuse('A lower level needs the type of a safe or an unsafe downgrade.')
    // What a lower level cannot say would be lost, in Apache Kafka too.
    if (name === 'metadata.version') return refuse('The metadata cannot go back to a lower version.')
    return undefined
  }

  /** Puts levels into force; durable on return. Throws what recording throws. */
  update(updates: readonly FeatureUpdate[]): void {
    const records: FeatureRecord[] = []
    for (const { name, level } of updates) {
      if (level === this.level(name)) continue
      records.push({ kind: 'feature', name, level, epoch: this.epoch + records.length + 1 })
    }
    if (records.length === 0) return
    this.#record(...records)
    for (const record of records) this.apply(record)
  }

  /** Takes a recorded change into memory. */
  apply({ name, level, epoch }: FeatureRecord): void {
    this.epoch = Math.max(this.epoch, epoch)
    this.#levels.set(name, level)
    this.#changed.set(name, level)
  }

  *records(): Iterable<MetadataRecord> {
    for (const [name, level] of this.#changed) yield { kind: 'feature', name, level, epoch: this.epoch }
  }
}
