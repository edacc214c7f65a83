import assert from 'node:assert/strict'
import { systemClock } from '@millrace/base'
import { redriveHeaders } from '@millrace/base/internal'
import { type Header, RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import type { BadRecord, SinkConnector, SinkSession } from '../../src/index.ts'

export interface InputRecord {
  readonly key?: unknown
  readonly value?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Headers of a record that came back to its topic from the dead letters of an application. */
export function redrivenFor(application: string, topic: string): Record<string, string> {
  const headers = redriveHeaders({ topic, origin: `${topic}/0/0@0`, application, count: 1 })
  return Object.fromEntries(headers.map(({ key, value }) => [key, value.toString()]))
}

/** Drives an open sink by hand, one partition of one topic, without a broker. */
export class SinkDriver implements AsyncDisposable {
  readonly session: SinkSession
  readonly deadLetters: BadRecord[]
  readonly partition: { readonly topic: string; readonly topicId: string; readonly partition: number }
  #nextOffset: number

  static async open(
    connector: SinkConnector,
    topic = connector.topics[0]!.name,
    partition = 0,
    topicId = `id-of-${topic}`,
  ): Promise<SinkDriver> {
    const deadLetters: BadRecord[] = []
    const session = await connector.open({
      signal: new AbortController().signal,
      clock: systemClock,
      report: () => {},
      deadLetter: async (records) => void deadLetters.push(...records),
    })
    const at = { topic, topicId, partition }
    return new SinkDriver(session, deadLetters, at, (await session.claim(at)) ?? 0)
  }

  constructor(session: SinkSession, deadLetters: BadRecord[], partition: SinkDriver['partition'], nextOffset: number) {
    this.session = session
    this.deadLetters = deadLetters
    this.partition = partition
    this.#nextOffset = nextOffset
  }

  get nextOffset(): number {
    return this.#nextOffset
  }

  /** Puts the records behind those before and moves on. */
  async put(records: readonly InputRecord[]): Promise<number> {
    const { count, batch } = this.batch(records)
    const written = await this.session.put(batch)
    this.#nextOffset += count
    return written
  }

  batch(records: readonly InputRecord[], firstOffset = this.#nextOffset) {
    const builder = new RecordBatchBuilder()
    for (const { key, value, headers = {} } of records) {
      const list: Header[] = Object.entries(headers).map(([name, text]) => ({ key: name, value: Buffer.from(text) }))
      builder.append(1_700_000_000_000, bytes(key), bytes(value), list)
    }
    const batches = [new RecordBatchView(builder.build({ baseOffset: firstOffset }))]
    const count = records.length
    return { count, batch: { ...this.partition, batches, firstOffset, nextOffset: firstOffset + count } }
  }

  /** The offsets and messages of what was set aside, which is then forgotten. */
  takeDeadLetters(): [offset: number, message: string][] {
    return this.deadLetters.splice(0).map(({ offset, error }) => [offset, error.message])
  }

  noDeadLetters(): void {
    assert.deepEqual(this.takeDeadLetters(), [])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.close()
  }
}

function bytes(value: unknown): Buffer | null {
  if (value === null || value === undefined) return null
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
}
