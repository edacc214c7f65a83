import type { ClientBase } from 'pg'
import { connectError } from '../../errors.ts'
import { codeOf } from '../../postgres/postgres-errors.ts'
import type { SinkPartition } from '../../runtime/connector.ts'

const version = 1

/** How far a partition is in the database, and the epoch under which this instance may write it. */
export interface Claim {
  readonly epoch: string
  /** Null before the first batch. */
  readonly nextOffset: number | null
}

const createStatement = `
  create table if not exists millrace_sink_offsets (
    connector text not null,
    topic_id text not null,
    partition integer not null,
    topic text not null,
    next_offset bigint,
    epoch bigint not null,
    version integer not null,
    updated_at timestamptz not null default now(),
    primary key (connector, topic_id, partition)
  )`

export async function ensureOffsetTable(client: ClientBase): Promise<void> {
  try {
    const { rows } = await client.query("select to_regclass('millrace_sink_offsets') is not null as found")
    if (!rows[0].found) await client.query(createStatement)
  } catch (error) {
    // Two sessions that create it at once collide in the catalog; one of them has made it.
    if (codeOf(error) !== '23505' && codeOf(error) !== '42P07') throw error
  }
}

/**
 * Raises the epoch, so that whoever had the partition before cannot commit another batch. A batch that is being committed
 * holds the row's lock: the claim waits for it and then sees its offset.
 */
export async function claimPartition(client: ClientBase, connector: string, partition: SinkPartition): Promise<Claim> {
  const { rows } = await client.query<{ epoch: string; next_offset: string | null; version: number }>(
    `insert into millrace_sink_offsets as o (connector, topic_id, partition, topic, epoch, version)
     values ($1, $2, $3, $4, 1, $5)
     on conflict (connector, topic_id, partition) do update set epoch = o.epoch + 1, updated_at = now()
     returning epoch, next_offset, version`,
    [connector, partition.topicId, partition.partition, partition.topic, version],
  )
  const row = rows[0]!
  if (row.version > version) {
    const message = `the offset row of ${connector} has format version ${row.version}; this one reads ${version}`
    throw connectError('CONNECT_POSITION_INVALID', message, { connector, partition: partition.partition })
  }
  return { epoch: row.epoch, nextOffset: row.next_offset === null ? null : Number(row.next_offset) }
}

/** Moves the offset inside the batch's own transaction. @throws CONNECT_SINK_FENCED when the claim is not valid any more */
export async function advanceOffset(
  client: ClientBase,
  connector: string,
  partition: SinkPartition,
  claim: Claim,
  nextOffset: number,
): Promise<void> {
  const { rowCount } = await client.query({
    name: 'millrace_advance_offset',
    text: `update millrace_sink_offsets set next_offset = $5, updated_at = now()
            where connector = $1 and topic_id = $2 and partition = $3 and epoch = $4
              and next_offset is not distinct from $6`,
    values: [connector, partition.topicId, partition.partition, claim.epoch, nextOffset, claim.nextOffset],
  })
  if (rowCount === 1) return
  const message = `partition ${partition.partition} of ${partition.topic} was claimed by another instance of ${connector}, or its row in millrace_sink_offsets was changed`
  throw connectError('CONNECT_SINK_FENCED', message, {
    connector,
    topic: partition.topic,
    partition: partition.partition,
  })
}
