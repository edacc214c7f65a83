import { connectError } from '../../errors.ts'
import type { SinkPartition } from '../../runtime/connector.ts'
import type { SqlConnection, SqlDialect } from './dialect.ts'

const version = 1
const offsets = 'millrace_sink_offsets'
const tables = 'millrace_sink_tables'
export const bookNames = [offsets, tables]

/** How far a partition is in the database, and the epoch under which this instance may write it. */
export interface Claim {
  readonly epoch: number
  /** Null before the first batch. */
  readonly nextOffset: number | null
}

/** The sink's own two tables in the target database: how far each partition is, and which tables have been written. */
export class OffsetRows {
  readonly #dialect: SqlDialect
  readonly #connector: string

  constructor(dialect: SqlDialect, connector: string) {
    this.#dialect = dialect
    this.#connector = connector
  }

  async ensureTables(connection: SqlConnection): Promise<void> {
    const { text, updatedAt } = this.#dialect.bookTypes
    const definitions = {
      [offsets]: `connector ${text} not null, topic_id ${text} not null, ${this.#dialect.quote('partition')} integer not null,
        topic ${text} not null, next_offset bigint, epoch bigint not null, version integer not null,
        updated_at ${updatedAt}, primary key (connector, topic_id, ${this.#dialect.quote('partition')})`,
      [tables]: `connector ${text} not null, table_name ${text} not null, version integer not null,
        primary key (connector, table_name)`,
    }
    for (const [name, columns] of Object.entries(definitions)) {
      // Asked first: creating a table takes a right that the user may not have when it is there already.
      if (await this.#exists(connection, name)) continue
      try {
        await connection.query(`create table if not exists ${name} (${columns})`)
      } catch (error) {
        // Two sessions that create it at once collide in the catalog; one of them has made it.
        if (!this.#dialect.isAlreadyThere(error)) throw error
      }
    }
  }

  async #exists(connection: SqlConnection, name: string): Promise<boolean> {
    try {
      await connection.query(`select connector from ${name} where connector = ? and 1 = 0`, [this.#connector])
      return true
    } catch (error) {
      if (this.#dialect.classify(error) !== 'table') throw error
      return false
    }
  }

  /** The tables that this sink has written to, under the names by which the database knows them. */
  async writtenTables(connection: SqlConnection): Promise<Set<string>> {
    const { rows } = await connection.query(`select table_name from ${tables} where connector = ?`, [this.#connector])
    return new Set(rows.map((row) => String(row.table_name)))
  }

  /** In the transaction that writes to it for the first time: from then on its absence is a loss. */
  async recordTable(connection: SqlConnection, table: string): Promise<void> {
    await connection.query(
      `insert into ${tables} (connector, table_name, version) values (?, ?, ${version})
       ${this.#dialect.conflict(['connector', 'table_name'])} version = ${version}`,
      [this.#connector, table],
    )
  }

  /**
   * Raises the epoch, so that whoever had the partition before cannot commit another batch. A batch that is being committed
   * holds the row's lock: the claim waits for it and then sees its offset.
   */
  async claim(connection: SqlConnection, partition: SinkPartition): Promise<Claim> {
    const { topicId, topic } = partition
    const key = this.#dialect.quote('partition')
    await connection.query(
      `insert into ${offsets} (connector, topic_id, ${key}, topic, epoch, version) values (?, ?, ?, ?, 1, ${version})
       ${this.#dialect.conflict(['connector', 'topic_id', 'partition'])} epoch = ${offsets}.epoch + 1`,
      [this.#connector, topicId, partition.partition, topic],
    )
    const { rows } = await connection.query(
      `select epoch, next_offset, version from ${offsets} where connector = ? and topic_id = ? and ${key} = ?`,
      [this.#connector, topicId, partition.partition],
    )
    const row = rows[0]!
    if (Number(row.version) > version) {
      const message = `the offset row of ${this.#connector} has format version ${row.version}; this one reads ${version}`
      throw connectError('CONNECT_POSITION_INVALID', message, {
        connector: this.#connector,
        partition: partition.partition,
      })
    }
    return { epoch: Number(row.epoch), nextOffset: row.next_offset === null ? null : Number(row.next_offset) }
  }

  /**
   * Puts the partition elsewhere, undefined before its first record. The epoch rises as with a claim: whoever still writes
   * from the old offset is fenced.
   */
  async set(connection: SqlConnection, partition: SinkPartition, nextOffset: number | undefined): Promise<void> {
    await this.claim(connection, partition)
    await connection.query(
      `update ${offsets} set next_offset = ?, updated_at = current_timestamp
        where connector = ? and topic_id = ? and ${this.#dialect.quote('partition')} = ?`,
      [nextOffset ?? null, this.#connector, partition.topicId, partition.partition],
    )
  }

  /** Moves the offset inside the batch's own transaction. @throws CONNECT_SINK_FENCED when the claim is not valid any more */
  async advance(connection: SqlConnection, partition: SinkPartition, claim: Claim, nextOffset: number): Promise<void> {
    const { affected } = await connection.query(
      `update ${offsets} set next_offset = ?, updated_at = current_timestamp
        where connector = ? and topic_id = ? and ${this.#dialect.quote('partition')} = ? and epoch = ?
          and next_offset ${this.#dialect.nullSafeEquals} ?`,
      [nextOffset, this.#connector, partition.topicId, partition.partition, claim.epoch, claim.nextOffset],
    )
    if (affected === 1) return
    const { topic } = partition
    const message = `partition ${partition.partition} of ${topic} was claimed by another instance of ${this.#connector}, or its row in ${offsets} was changed`
    throw connectError('CONNECT_SINK_FENCED', message, {
      connector: this.#connector,
      topic,
      partition: partition.partition,
    })
  }
}
