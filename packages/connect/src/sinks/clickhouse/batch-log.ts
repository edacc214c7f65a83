import { randomUUID } from 'node:crypto'
import { connectError } from '../../errors.ts'
import type { SinkPartition } from '../../runtime/connector.ts'
import { type ClickHouseConnection, literal } from './connection.ts'
import type { InsertNumbers } from './insert-counts.ts'

const version = 1
const table = 'millrace_sink_offsets'
const claimAttemptsMax = 20

/** Offsets from `first` up to, without, `next`. */
export interface Bounds {
  readonly first: number
  readonly next: number
}

/** A partition as this instance holds it. */
export interface PartitionClaim {
  readonly partition: SinkPartition
  readonly epoch: number
  readonly instance: string
  sequence: number
  /** Undefined before the first batch. */
  nextOffset: number | undefined
  /** A batch that was begun and of which nobody knows whether it was written. */
  begun: Bounds | undefined
  /** How many inserts its tables had taken then; undefined where an older version began it. */
  begunAt: InsertNumbers | undefined
}

/**
 * How far each partition is, in a table of the target database. ClickHouse has neither transactions nor conditional writes;
 * what takes their place is that the table only grows, and that an insert is seen by every query that begins after it:
 *
 * - Who takes a partition over writes a row with the next epoch, and then reads what its predecessors wrote.
 * - Who is about to write a batch writes its bounds, and then looks for a row with a higher epoch.
 *
 * Either the successor's row is there when the predecessor looks, and the batch is not written; or the bounds are there
 * when the successor reads, and it writes just this batch again, under the same token, of which the target table takes one.
 */
export class BatchLog {
  readonly #connection: ClickHouseConnection
  readonly #connector: string

  constructor(connection: ClickHouseConnection, connector: string) {
    this.#connection = connection
    this.#connector = connector
  }

  async ensureTable(): Promise<void> {
    await this.#connection.query(
      `create table if not exists ${table} (connector String, topic_id String, partition Int32, topic String,
        epoch UInt64, instance String, sequence UInt64, next_offset Int64, begun_first Int64, begun_next Int64,
        version UInt8, updated_at DateTime default now(), begun_at String)
       engine = ReplacingMergeTree(sequence) order by (connector, topic_id, partition, epoch, instance)`,
    )
    // Tables of before it was noted.
    await this.#connection.query(`alter table ${table} add column if not exists begun_at String`)
    await this.#connection.query(
      `create table if not exists millrace_sink_tables (connector String, table_name String, version UInt8)
       engine = ReplacingMergeTree order by (connector, table_name)`,
    )
  }

  async writtenTables(): Promise<Set<string>> {
    const { rows } = await this.#connection.query(
      `select distinct table_name from millrace_sink_tables where connector = ${literal(this.#connector)}`,
    )
    return new Set(rows.map((row) => String(row.table_name)))
  }

  /** Before it is written for the first time: then it is there. */
  async recordTable(name: string): Promise<void> {
    await this.#connection.query(
      `insert into millrace_sink_tables (connector, table_name, version)
       values (${literal(this.#connector)}, ${literal(name)}, ${version})`,
    )
  }

  async claim(partition: SinkPartition): Promise<PartitionClaim> {
    const instance = randomUUID()
    for (let attempt = 0; attempt < claimAttemptsMax; attempt++) {
      const { rows } = await this.#connection.query(
        `select max(epoch) as epoch from ${table} ${this.#where(partition)}`,
      )
      const epoch = Number(rows[0]?.epoch ?? 0) + 1
      const claim: PartitionClaim = {
        partition,
        epoch,
        instance,
        sequence: 0,
        nextOffset: undefined,
        begun: undefined,
        begunAt: undefined,
      }
      await this.#write(claim)
      // Of several that claim one epoch at once, the first to look may be alone; the others see it and try the next.
      const others = await this.#connection.query(
        `select count() as count from ${table} ${this.#where(partition)}
          and (epoch > ${epoch} or (epoch = ${epoch} and instance != ${literal(instance)}))`,
      )
      if (Number(others.rows[0]?.count) > 0) continue
      await this.#takeOver(claim)
      return claim
    }
    throw fenced(this.#connector, partition)
  }

  /** Says which batch is about to be written. @throws CONNECT_SINK_FENCED where the partition is another's now */
  async begin(claim: PartitionClaim, bounds: Bounds, begunAt: InsertNumbers | undefined): Promise<void> {
    claim.begun = bounds
    claim.begunAt = begunAt
    await this.#write(claim)
    await this.check(claim)
  }

  /** Everything before `nextOffset` is written. */
  async finish(claim: PartitionClaim, nextOffset: number): Promise<void> {
    claim.begun = undefined
    claim.begunAt = undefined
    claim.nextOffset = nextOffset
    await this.#write(claim)
  }

  /** @throws CONNECT_SINK_FENCED */
  async check({ partition, epoch }: PartitionClaim): Promise<void> {
    const { rows } = await this.#connection.query(`select max(epoch) as epoch from ${table} ${this.#where(partition)}`)
    if (Number(rows[0]?.epoch) !== epoch) throw fenced(this.#connector, partition)
  }

  /** The last word of the predecessors; a claim of which nothing came has no sequence. */
  async #takeOver(claim: PartitionClaim): Promise<void> {
    const { rows } = await this.#connection.query(
      `select next_offset, begun_first, begun_next, begun_at, version from ${table} ${this.#where(claim.partition)}
          and epoch < ${claim.epoch} and sequence > 0 order by epoch desc, sequence desc limit 1`,
    )
    const [last] = rows
    if (last && Number(last.version) > version) {
      const message = `the offset row of ${this.#connector} has format version ${last.version}; this one reads ${version}`
      const { partition } = claim.partition
      throw connectError('CONNECT_POSITION_INVALID', message, { connector: this.#connector, partition })
    }
    if (last && Number(last.next_offset) >= 0) claim.nextOffset = Number(last.next_offset)
    if (last && Number(last.begun_first) >= 0) {
      claim.begun = { first: Number(last.begun_first), next: Number(last.begun_next) }
      if (last.begun_at !== '') claim.begunAt = JSON.parse(String(last.begun_at)) as InsertNumbers
    }
    await this.#write(claim)
  }

  async #write(claim: PartitionClaim): Promise<void> {
    const { partition, epoch, instance, nextOffset = -1, begun, begunAt } = claim
    const values = [
      ...[this.#connector, partition.topicId].map(literal),
      partition.partition,
      literal(partition.topic),
      epoch,
      literal(instance),
      claim.sequence++,
      nextOffset,
      begun?.first ?? -1,
      begun?.next ?? -1,
      version,
      literal(begunAt === undefined ? '' : JSON.stringify(begunAt)),
    ]
    await this.#connection.query(
      `insert into ${table} (connector, topic_id, partition, topic, epoch, instance, sequence, next_offset,
        begun_first, begun_next, version, begun_at) values (${values.join(', ')})`,
    )
  }

  #where({ topicId, partition }: SinkPartition): string {
    return `where connector = ${literal(this.#connector)} and topic_id = ${literal(topicId)} and partition = ${partition}`
  }
}

function fenced(connector: string, { topic, partition }: SinkPartition): Error {
  const message = `partition ${partition} of ${topic} was claimed by another instance of ${connector}`
  return connectError('CONNECT_SINK_FENCED', message, { connector, topic, partition })
}
