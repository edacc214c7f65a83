import { baseError, checkOptions } from '@millrace/base/internal'
import { type AnyTopicContract, type KeyInput, type ValueInput, whenReady } from '@millrace/contracts'
import { decodeText } from '@millrace/contracts/internal'
import { outboxError } from './errors.ts'
import { newEventId } from './event-id.ts'
import { quoteTable } from './identifier.ts'
import type { PayloadType } from './outbox-migration.ts'
import { checkTransaction, run, type SqlTransaction } from './transaction.ts'

export interface OutboxOptions {
  /** Table, or schema and table. Default `outbox`. */
  readonly table?: string
  /** The type of the column `payload`, as given to `outboxMigration`. Default `bytea`. */
  readonly payload?: PayloadType
}

export interface AppendOptions {
  /** Headers of the record that readers get. `id` is set by Millrace. */
  readonly headers?: Readonly<Record<string, string>>
  /** The record's timestamp: a date or milliseconds since the epoch. Default: the database's clock when the row is written. */
  readonly timestamp?: Date | number
  /** The event's id, a UUID. Default: a new one. Give it when the same event may be appended again. */
  readonly id?: string
  /** What happened (`OrderPlaced`), for people and for Debezium's column `type`. Default: the topic's name. */
  readonly type?: string
}

export interface Outbox {
  /**
   * Writes a message in the caller's transaction: it reaches the topic if, and only if, that transaction commits. `null`
   * as value is a tombstone. Key and value are checked against the contract before anything is written.
   *
   * Messages with one key arrive in the order in which their transactions wrote them, as long as those transactions
   * serialise on something: usually the row of the aggregate, which both of them update or lock before they append.
   *
   * @returns the event's id, which readers find in the header `id`
   * @throws CONTRACT_MISMATCH, OUTBOX_KEY_NOT_TEXT, OUTBOX_INVALID_HEADER, OUTBOX_NOT_A_TRANSACTION, OUTBOX_TABLE_MISSING
   */
  append<C extends AnyTopicContract>(
    contract: C,
    key: KeyInput<C>,
    value: ValueInput<C> | null,
    options?: AppendOptions,
  ): Promise<{ readonly id: string }>
}

/** Header names that capture sets from the row itself. */
const reservedHeaders = new Set(['id'])

/**
 * The transactional outbox of a service.
 *
 * @example
 * const client = await pool.connect()
 * await client.query('begin')
 * await client.query('insert into orders values ($1, $2)', [row.id, row.amount])
 * await outbox(client).append(order, row.id, row)
 * await client.query('commit')
 */
export function outbox(tx: SqlTransaction, options: OutboxOptions = {}): Outbox {
  checkOptions('outbox', options, { table: 'string', payload: { oneOf: ['bytea', 'jsonb', 'json', 'text'] } })
  const { table = 'outbox', payload = 'bytea' } = options
  const insert =
    `insert into ${quoteTable(table)} (id, aggregatetype, aggregateid, type, payload, headers, "timestamp") ` +
    `values ($1, $2, $3, $4, $5, $6, coalesce($7::timestamptz, clock_timestamp()))`
  return {
    async append(contract, key, value, given = {}) {
      checkOptions('append', given, { headers: 'object', timestamp: 'any', id: 'string', type: 'string' })
      const id = checkedId(given.id) ?? newEventId()
      const keyBytes = await whenReady(() => contract.key.serialize(key as never))
      const valueBytes = value === null ? null : await whenReady(() => contract.value.serialize(value as never))
      const values = [
        id,
        contract.name,
        keyText(contract, keyBytes),
        given.type ?? contract.name,
        valueBytes === null ? null : column(valueBytes, payload),
        headersJson(given.headers),
        timestampText(given.timestamp),
      ]
      checkTransaction(tx)
      await run(tx, table, insert, values)
      return { id }
    },
  }
}

function keyText(contract: AnyTopicContract, bytes: Uint8Array): string {
  let text: string
  try {
    text = decodeText(bytes, 'the key')
  } catch (cause) {
    throw outboxError(
      'OUTBOX_KEY_NOT_TEXT',
      `a key of topic ${contract.name} is not UTF-8`,
      { topic: contract.name },
      cause,
    )
  }
  if (!text.includes('\0')) return text
  throw outboxError('OUTBOX_KEY_NOT_TEXT', `a key of topic ${contract.name} holds NUL`, { topic: contract.name })
}

/** Bytes go to PostgreSQL as they are; the textual types take text. */
function column(bytes: Uint8Array, type: PayloadType): Buffer | string {
  if (type !== 'bytea') return decodeText(bytes, 'the value')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function headersJson(headers: Readonly<Record<string, string>> | undefined): string | null {
  if (headers === undefined) return null
  for (const [name, value] of Object.entries(headers)) {
    const refuse = (why: string): Error =>
      outboxError('OUTBOX_INVALID_HEADER', `header "${name}" ${why}`, { header: name })
    if (reservedHeaders.has(name)) throw refuse('is set by Millrace')
    if (typeof value !== 'string') throw refuse(`must be a string, not ${typeof value}`)
    if ((name + value).includes('\0') || !(name + value).isWellFormed())
      throw refuse('holds NUL or half a surrogate pair')
  }
  return JSON.stringify(headers)
}

function checkedId(id: string | undefined): string | undefined {
  if (id === undefined || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id
  throw baseError('CONFIG_INVALID_OPTION', 'append: `id` must be a UUID', { option: 'id' })
}

function timestampText(timestamp: Date | number | undefined): string | null {
  if (timestamp === undefined) return null
  const date = new Date(timestamp)
  if (!Number.isNaN(date.getTime())) return date.toISOString()
  throw baseError('CONFIG_INVALID_OPTION', 'append: `timestamp` must be a date or milliseconds', {
    option: 'timestamp',
  })
}
