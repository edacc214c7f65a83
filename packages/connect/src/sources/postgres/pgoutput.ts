import { connectError } from '../../errors.ts'
import type { Column, Relation, RowView } from './row.ts'

/** What the reader calls, in the order of the stream. Rows and tuples are valid only during the call. */
export interface PgoutputHandler {
  begin(transaction: { commitLsn: bigint; commitTimeMs: number; commitTimeMicros: number; xid: number }): void
  /** A table's description; its rows follow. */
  relation?(relation: Relation): void
  /** Another server's transaction, of which this one is the copy. */
  origin?(origin: { readonly name: string; readonly lsn: number }): void
  commit(transaction: { commitLsn: bigint; endLsn: bigint }): void
  /** `old` is the old row, or with `oldIsKey` only its key columns; undefined where PostgreSQL logged neither. */
  row(change: RowChange): void
  truncate(relations: readonly Relation[]): void
  /** What somebody wrote with `pg_logical_emit_message`; not transactional ones come between transactions. */
  message(message: LogicalMessage): void
}

/** A message that was written to the log without a table. */
export interface LogicalMessage {
  readonly isTransactional: boolean
  /** Where its record ends. */
  readonly lsn: bigint
  readonly prefix: string
  /** Valid only during the call. */
  readonly content: Buffer
}

export interface RowChange {
  readonly operation: 'insert' | 'update' | 'delete'
  readonly relation: Relation
  readonly row: RowView | undefined
  readonly old: RowView | undefined
  readonly oldIsKey: boolean
}

const postgresEpochMs = 946_684_800_000

const tag = {
  begin: 0x42,
  commit: 0x43,
  delete: 0x44,
  insert: 0x49,
  key: 0x4b,
  message: 0x4d,
  new: 0x4e,
  old: 0x4f,
  origin: 0x4f,
  relation: 0x52,
  truncate: 0x54,
  type: 0x59,
  update: 0x55,
} as const

const kind = { null: 0x6e, text: 0x74, unchanged: 0x75 } as const

/**
 * Reads the messages of PostgreSQL's `pgoutput` plugin, protocol version 1, one by one.
 *
 * `pg-logical-replication` has a parser too; it turns every field into a JavaScript value by way of the driver's type
 * parsers, so that a jsonb payload would be parsed and printed again. Here a field stays a range of bytes until asked for.
 */
export class PgoutputReader {
  readonly #handler: PgoutputHandler
  readonly #relations = new Map<number, Relation>()
  readonly #new = new TupleView()
  readonly #old = new TupleView()

  constructor(handler: PgoutputHandler) {
    this.#handler = handler
  }

  /** @throws POSTGRES_STREAM_INVALID */
  read(message: Buffer): void {
    try {
      this.#dispatch(message)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw connectError(
        'POSTGRES_STREAM_INVALID',
        'a replication message ends early',
        { bytes: message.length },
        error,
      )
    }
  }

  #dispatch(message: Buffer): void {
    switch (message[0]) {
      case tag.insert:
        this.#insert(message)
        break
      case tag.update:
        this.#update(message)
        break
      case tag.delete:
        this.#delete(message)
        break
      case tag.begin:
        this.#begin(message)
        break
      case tag.commit:
        this.#handler.commit({ commitLsn: message.readBigUInt64BE(2), endLsn: message.readBigUInt64BE(10) })
        break
      case tag.relation:
        this.#relation(message)
        break
      case tag.truncate:
        this.#truncate(message)
        break
      case tag.message:
        this.#message(message)
        break
      case tag.origin:
        this.#handler.origin?.({ lsn: Number(message.readBigUInt64BE(1)), name: zeroTerminated(message, 9)[0] })
        break
      // Names of user-defined types, which the catalog tells as well.
      case tag.type:
        break
      default:
        throw connectError('POSTGRES_STREAM_INVALID', `replication message type ${message[0]} is unknown`)
    }
  }

  #begin(message: Buffer): void {
    const micros = message.readBigInt64BE(9)
    this.#handler.begin({
      commitLsn: message.readBigUInt64BE(1),
      commitTimeMs: Number(micros / 1000n) + postgresEpochMs,
      commitTimeMicros: Number(micros) + postgresEpochMs * 1_000,
      xid: message.readUInt32BE(17),
    })
  }

  #insert(message: Buffer): void {
    const relation = this.#known(message.readUInt32BE(1))
    this.#new.load(message, 6)
    this.#handler.row({ operation: 'insert', relation, row: this.#new, old: undefined, oldIsKey: false })
  }

  #update(message: Buffer): void {
    const relation = this.#known(message.readUInt32BE(1))
    const first = message.readUInt8(5)
    const hasOld = first === tag.key || first === tag.old
    let at = 6
    if (hasOld) at = this.#old.load(message, at) + 1
    this.#new.load(message, at)
    this.#handler.row({
      operation: 'update',
      relation,
      row: this.#new,
      old: hasOld ? this.#old : undefined,
      oldIsKey: first === tag.key,
    })
  }

  #delete(message: Buffer): void {
    const relation = this.#known(message.readUInt32BE(1))
    const oldIsKey = message.readUInt8(5) === tag.key
    this.#old.load(message, 6)
    this.#handler.row({ operation: 'delete', relation, row: undefined, old: this.#old, oldIsKey })
  }

  #truncate(message: Buffer): void {
    const count = message.readUInt32BE(1)
    const relations: Relation[] = []
    for (let i = 0; i < count; i++) relations.push(this.#known(message.readUInt32BE(6 + i * 4)))
    this.#handler.truncate(relations)
  }

  #message(message: Buffer): void {
    const [prefix, afterPrefix] = zeroTerminated(message, 10)
    const start = afterPrefix + 4
    const end = start + message.readUInt32BE(afterPrefix)
    if (end > message.length) throw new RangeError('content ends beyond the message')
    this.#handler.message({
      isTransactional: (message.readUInt8(1) & 1) === 1,
      lsn: message.readBigUInt64BE(2),
      prefix,
      content: message.subarray(start, end),
    })
  }

  #relation(message: Buffer): void {
    const oid = message.readUInt32BE(1)
    const [schema, afterSchema] = zeroTerminated(message, 5)
    const [name, afterName] = zeroTerminated(message, afterSchema)
    const replicaIdentity = String.fromCharCode(message.readUInt8(afterName))
    const count = message.readUInt16BE(afterName + 1)
    const columns: Column[] = []
    let at = afterName + 3
    for (let i = 0; i < count; i++) {
      const isKey = (message.readUInt8(at) & 1) === 1
      const [column, afterColumn] = zeroTerminated(message, at + 1)
      const modifier = message.readInt32BE(afterColumn + 4)
      columns.push({ name: column, isKey, typeOid: message.readUInt32BE(afterColumn), modifier })
      at = afterColumn + 8
    }
    // pg_catalog comes as an empty text.
    const relation = { oid, schema: schema === '' ? 'pg_catalog' : schema, name, replicaIdentity, columns }
    this.#relations.set(oid, relation)
    this.#handler.relation?.(relation)
  }

  #known(oid: number): Relation {
    const relation = this.#relations.get(oid)
    if (relation) return relation
    throw connectError('POSTGRES_STREAM_INVALID', `a change came before the description of its table (oid ${oid})`)
  }
}

/** The fields of one tuple as ranges of the message. */
class TupleView implements RowView {
  #message: Buffer = Buffer.alloc(0)
  #kinds: number[] = []
  #starts: number[] = []
  #ends: number[] = []

  /** Reads the tuple at `at` and returns where it ends. */
  load(message: Buffer, at: number): number {
    this.#message = message
    const count = message.readUInt16BE(at)
    let next = at + 2
    this.#kinds.length = count
    for (let i = 0; i < count; i++) {
      const fieldKind = message.readUInt8(next++)
      this.#kinds[i] = fieldKind
      if (fieldKind === kind.null || fieldKind === kind.unchanged) continue
      if (fieldKind !== kind.text) throw connectError('POSTGRES_STREAM_INVALID', `field kind ${fieldKind} is unknown`)
      const end = next + 4 + message.readUInt32BE(next)
      if (end > message.length) throw new RangeError('field ends beyond the message')
      this.#starts[i] = next + 4
      this.#ends[i] = end
      next = end
    }
    return next
  }

  isNull(column: number): boolean {
    const found = this.#kinds[column]
    return found === kind.null || found === undefined
  }

  isUnchanged(column: number): boolean {
    return this.#kinds[column] === kind.unchanged
  }

  text(column: number): string {
    return this.#kinds[column] === kind.text
      ? this.#message.toString('utf8', this.#starts[column], this.#ends[column])
      : ''
  }

  bytes(column: number): Buffer {
    return this.#kinds[column] === kind.text
      ? this.#message.subarray(this.#starts[column], this.#ends[column])
      : this.#message.subarray(0, 0)
  }
}

function zeroTerminated(message: Buffer, start: number): [text: string, next: number] {
  const end = message.indexOf(0, start)
  if (end < 0) throw new RangeError('text without end')
  return [message.toString('utf8', start, end), end + 1]
}
