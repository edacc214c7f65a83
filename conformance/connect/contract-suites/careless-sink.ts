import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import type { BadRecord, SinkBatch, SinkConnector, SinkContext, SinkPartition, SinkSession } from '@millrace/connect'

/** What a sink's author may get wrong; `nothing` is the sink as it should be. */
export const sinkMistakes = [
  'nothing',
  'the offset is stored before the rows',
  'the offset is stored after the rows',
  'a predecessor is not fenced',
  'every start begins at the first record',
  'records below the first offset are written again',
  'nobody waits for dead letters',
  'bad records are forgotten',
  'gaps between offsets are not stored',
] as const
export type SinkMistake = (typeof sinkMistakes)[number]

const tables = `create table if not exists ledger (id text);
  create table if not exists positions (id text primary key, epoch integer, next_offset integer)`

/** A sink into SQLite, whose statements take as long as those of a database over a network. */
export function carelessSink(mistake: SinkMistake, name: string, topic: string, file: string): SinkConnector {
  return {
    kind: 'sink',
    name,
    topics: [{ name: topic }],
    onBadRecord: 'dead-letter',
    open: async (context) => new CarelessSession(mistake, new DatabaseSync(file), context),
  }
}

class CarelessSession implements SinkSession {
  readonly #mistake: SinkMistake
  readonly #db: DatabaseSync
  readonly #context: SinkContext
  readonly #epochs = new Map<string, number>()

  constructor(mistake: SinkMistake, db: DatabaseSync, context: SinkContext) {
    this.#mistake = mistake
    this.#db = db
    this.#context = context
    db.exec(`pragma synchronous = off; pragma busy_timeout = 2000; ${tables}`)
  }

  async claim(partition: SinkPartition): Promise<number | undefined> {
    const sql = `insert into positions values (?, 1, null) on conflict (id) do update set epoch = epoch + 1
      returning epoch, next_offset`
    const row = this.#db.prepare(sql).get(idOf(partition)) as { epoch: number; next_offset: number | null }
    this.#epochs.set(idOf(partition), row.epoch)
    if (this.#mistake === 'every start begins at the first record') return undefined
    return row.next_offset ?? undefined
  }

  async put(batch: SinkBatch): Promise<number> {
    const { ids, bad } = this.#read(batch)
    const setAside = bad.length === 0 ? undefined : this.#context.deadLetter(bad)
    if (this.#mistake === 'nobody waits for dead letters') setAside?.catch(() => {})
    else if (this.#mistake !== 'bad records are forgotten') await setAside
    const skipsMove = this.#mistake === 'gaps between offsets are not stored' && batch.batches.length === 0
    const move = async (): Promise<void> => (skipsMove ? undefined : this.#move(batch))
    if (this.#mistake === 'the offset is stored before the rows') {
      await move()
      await this.#insert(ids)
    } else if (this.#mistake === 'the offset is stored after the rows') {
      await this.#insert(ids)
      await move()
    } else {
      await this.#transaction(async () => {
        await move()
        await this.#insert(ids)
      })
    }
    return ids.length
  }

  release(): void {}

  async close(): Promise<void> {
    if (this.#db.isOpen) this.#db.close()
  }

  async #transaction(work: () => Promise<void>): Promise<void> {
    this.#db.exec('begin immediate')
    try {
      await work()
      this.#db.exec('commit')
    } catch (error) {
      if (this.#db.isOpen) this.#db.exec('rollback')
      throw error
    }
  }

  async #insert(ids: readonly string[]): Promise<void> {
    await delay(1)
    for (const id of ids) this.#db.prepare('insert into ledger values (?)').run(id)
  }

  async #move(batch: SinkBatch): Promise<void> {
    await delay(1)
    const epoch = this.#epochs.get(idOf(batch)) ?? -1
    const check = this.#mistake === 'a predecessor is not fenced' ? '? is not null' : 'epoch = ?'
    const sql = `update positions set next_offset = ? where id = ? and ${check}`
    const { changes } = this.#db.prepare(sql).run(batch.nextOffset, idOf(batch), epoch)
    if (changes === 0) throw new Error('somebody else has claimed the partition')
  }

  #read({ topic, partition, batches, firstOffset }: SinkBatch): { ids: string[]; bad: BadRecord[] } {
    const first = this.#mistake === 'records below the first offset are written again' ? 0 : firstOffset
    const ids: string[] = []
    const bad: BadRecord[] = []
    for (const view of batches) {
      const cursor = view.cursor()
      while (cursor.next()) {
        const { offset, timestamp: timestampMs } = cursor
        if (offset < first) continue
        const id = cursor.valueBytes()?.toString()
        if (id !== undefined) ids.push(id)
        else if (this.#mistake !== 'bad records are forgotten') {
          const [key, headers] = [null, [] as const]
          const error = new Error('a record without a value')
          bad.push({ topic, partition, offset, timestampMs, key, value: null, headers, stage: 'process', error })
        }
      }
    }
    return { ids, bad }
  }
}

function idOf({ topicId, partition }: SinkPartition): string {
  return `${topicId}/${partition}`
}
