// A sink as a user writes one: one file, a typed config, its offsets in the transaction of its rows.
import { DatabaseSync } from 'node:sqlite'
import {
  type BadRecord,
  type ConnectorPlugin,
  configDef,
  deserializeRecord,
  nonEmpty,
  type RecordPipeline,
  type SinkBatch,
  type SinkContext,
  type SinkPartition,
  type SinkSession,
} from '../../src/index.ts'

const definition = configDef({
  'ledger.file': { type: 'string', valid: nonEmpty, importance: 'high', doc: 'Path of the SQLite database.' },
  'ledger.largest': {
    type: 'long',
    default: 1_000_000,
    importance: 'low',
    doc: 'The largest amount that is believed.',
  },
})

/** Adds a line to the table `ledger` for each record: `{"id", "amount"}`. */
export const ledgerSink: ConnectorPlugin = {
  classNames: ['example.LedgerSinkConnector'],
  type: 'sink',
  version: '1.0.0',
  configDef: definition,
  create: (properties, { name, topics, pipeline }) => {
    const { 'ledger.file': file, 'ledger.largest': largest } = definition.parse(name, properties)
    return {
      kind: 'sink',
      name,
      topics,
      onBadRecord: 'dead-letter',
      open: async (context) => new Ledger(new DatabaseSync(file), { name, largest, pipeline, context }),
      setOffsets: async (offsets) => {
        using ledger = new DatabaseSync(file)
        ledger.exec(tables)
        for (const { partition, offset } of offsets) {
          const key = `${name}/${partition.topic}/${partition.partition}`
          if (offset === undefined) ledger.prepare('delete from positions where id = ?').run(key)
          else ledger.prepare(setPosition).run(key, offset)
        }
      },
    }
  },
}

const tables = `create table if not exists ledger (id text, amount integer);
  create table if not exists positions (id text primary key, epoch integer, next_offset integer)`
const setPosition = `insert into positions values (?, 0, ?) on conflict (id) do update set next_offset = excluded.next_offset`
const claimPosition = `insert into positions values (?, 1, null) on conflict (id) do update set epoch = epoch + 1
  returning epoch, next_offset`
const movePosition = 'update positions set next_offset = ? where id = ? and epoch = ?'

interface LedgerParts {
  readonly name: string
  readonly largest: number
  readonly pipeline: RecordPipeline
  readonly context: SinkContext
}

class Ledger implements SinkSession {
  readonly #db: DatabaseSync
  readonly #parts: LedgerParts
  readonly #epochs = new Map<string, number>()

  constructor(db: DatabaseSync, parts: LedgerParts) {
    this.#db = db
    this.#parts = parts
    db.exec(`pragma busy_timeout = 5000; ${tables}`)
  }

  async claim(partition: SinkPartition): Promise<number | undefined> {
    const row = this.#db.prepare(claimPosition).get(this.#id(partition)) as {
      epoch: number
      next_offset: number | null
    }
    this.#epochs.set(this.#id(partition), row.epoch)
    return row.next_offset ?? undefined
  }

  async put(batch: SinkBatch): Promise<number> {
    const { lines, bad } = this.#read(batch)
    if (bad.length > 0) await this.#parts.context.deadLetter(bad)
    this.#db.exec('begin immediate')
    try {
      const moved = this.#db
        .prepare(movePosition)
        .run(batch.nextOffset, this.#id(batch), this.#epochs.get(this.#id(batch)) ?? -1)
      if (moved.changes === 0) throw new Error('somebody else has claimed the partition')
      const insert = this.#db.prepare('insert into ledger values (?, ?)')
      for (const { id, amount } of lines) insert.run(id, amount)
      this.#db.exec('commit')
    } catch (error) {
      this.#db.exec('rollback')
      throw error
    }
    return lines.length
  }

  release(): void {}

  async close(): Promise<void> {
    this.#db.close()
  }

  #id({ topic, partition }: SinkPartition): string {
    return `${this.#parts.name}/${topic}/${partition}`
  }

  #read({ topic, partition, batches, firstOffset }: SinkBatch): {
    lines: { id: string; amount: number }[]
    bad: BadRecord[]
  } {
    const lines: { id: string; amount: number }[] = []
    const bad: BadRecord[] = []
    for (const view of batches) {
      const cursor = view.cursor()
      while (cursor.next()) {
        if (cursor.offset < firstOffset) continue
        const bytes = {
          topic,
          partition,
          offset: cursor.offset,
          timestampMs: cursor.timestamp,
          headers: cursor.headers(),
        }
        const [key, value] = [cursor.keyBytes(), cursor.valueBytes()]
        try {
          const record = deserializeRecord(this.#parts.pipeline, { ...bytes, key, value })
          if (!record) continue
          const line = record.value.value as { id: string; amount: number }
          if (!(line.amount <= this.#parts.largest)) throw new Error(`${line.amount} is more than anybody has`)
          lines.push(line)
        } catch (error) {
          const copy = { key: key && Buffer.from(key), value: value && Buffer.from(value) }
          bad.push({ ...bytes, ...copy, stage: 'process', error: error as Error })
        }
      }
    }
    return { lines, bad }
  }
}
