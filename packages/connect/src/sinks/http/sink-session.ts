import { whenReady } from '@millrace/contracts'
import { connectError } from '../../errors.ts'
import type { BadRecord, SinkBatch, SinkContext, SinkPartition, SinkSession } from '../../runtime/connector.ts'
import { badRecord } from '../bad-record.ts'
import { decodeBatch } from '../decode-batch.ts'
import { ownRecords } from '../own-records.ts'
import type { RecordDecoder } from '../record-decoder.ts'
import { plainJson } from '../sql/plain-json.ts'
import { RefusedRequest, send } from './requests.ts'
import type { HttpRecord } from './sink-options.ts'

export interface HttpSessionParts {
  readonly name: string
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly onTombstone: 'delete' | 'skip' | 'dead-letter'
  readonly body: (record: HttpRecord<unknown, unknown>) => unknown
  readonly maxBatchRecords: number
  /** Whether a body is a list, also where there is one record. */
  readonly isList: boolean
  readonly requestTimeoutMs: number
  readonly decoder: RecordDecoder
  readonly context: SinkContext
}

/** A record ready to be sent. */
interface Outgoing {
  readonly offset: number
  readonly view: SinkBatch['batches'][number]
  readonly url: string
  /** Undefined: to be deleted. */
  readonly body: string | undefined
}

export class HttpSinkSession implements SinkSession {
  readonly #parts: HttpSessionParts
  readonly #claimed = new Set<string>()

  constructor(parts: HttpSessionParts) {
    this.#parts = { ...parts, decoder: ownRecords(parts.decoder, parts.name) }
  }

  async claim(partition: SinkPartition): Promise<number | undefined> {
    const offset = await this.#parts.context.groupOffset?.(partition)
    this.#claimed.add(idOf(partition))
    return offset
  }

  release(partition: SinkPartition): void {
    this.#claimed.delete(idOf(partition))
  }

  async put(batch: SinkBatch): Promise<number> {
    if (!this.#claimed.has(idOf(batch))) {
      throw connectError('CONNECT_SINK_FENCED', `partition ${batch.partition} of ${batch.topic} is not claimed`, {})
    }
    const outgoing: Outgoing[] = []
    const bad = await whenReady(() => {
      outgoing.length = 0
      return decodeBatch(batch, this.#parts.decoder, ({ key, value, timestampMs }, offset, view) => {
        const record = { topic: batch.topic, partition: batch.partition, offset, timestampMs, key, value }
        const ready = this.#outgoing(record, view)
        if (ready) outgoing.push(ready)
      })
    })
    for (const group of groups(outgoing, this.#parts.maxBatchRecords)) await this.#send(batch, group, bad)
    if (bad.length > 0) await this.#parts.context.deadLetter(bad.sort((a, b) => a.offset - b.offset))
    return outgoing.length
  }

  async close(): Promise<void> {
    this.#claimed.clear()
  }

  /** Undefined for what is not to be sent. @throws TypeError */
  #outgoing(record: HttpRecord<unknown, unknown>, view: Outgoing['view']): Outgoing | undefined {
    const { onTombstone, body } = this.#parts
    const { offset } = record
    const url = this.#urlOf(record)
    if (record.value !== null) return { offset, view, url, body: plainJson(body(record)) }
    if (onTombstone === 'dead-letter') throw new TypeError('a tombstone has no body to send')
    return onTombstone === 'delete' ? { offset, view, url, body: undefined } : undefined
  }

  #urlOf({ topic, key }: HttpRecord<unknown, unknown>): string {
    const { url } = this.#parts
    if (!url.includes('{')) return url
    if (url.includes('{key}') && (key === null || key === undefined))
      throw new TypeError('a record without key has no url')
    const text = typeof key === 'object' ? plainJson(key) : String(key)
    const filled = (part: string): string =>
      url.replaceAll('{topic}', encodeURIComponent(topic)).replaceAll('{key}', encodeURIComponent(part))
    // An empty segment is the address of the collection, and '..' that of what is above it.
    const address = filled(text)
    if (segments(address) !== segments(filled('k'))) {
      throw new TypeError(`the key ${JSON.stringify(text)} would change the address of the request`)
    }
    return address
  }

  /** Sends records at once, and where the service refuses them, by halves, to find the one that it refuses. */
  async #send(partition: SinkPartition, records: readonly Outgoing[], bad: BadRecord[]): Promise<void> {
    const { name, method, headers, requestTimeoutMs, context, isList } = this.#parts
    const [first] = records
    if (!first) return
    const isDelete = first.body === undefined
    const body = isList ? `[${records.map((record) => record.body).join(',')}]` : first.body
    const request = {
      url: first.url,
      method: isDelete ? 'DELETE' : method,
      headers,
      body: isDelete ? undefined : body,
      idempotencyKey: `${name}/${partition.topicId}/${partition.partition}/${first.offset}-${records.at(-1)!.offset}`,
    }
    try {
      await send(request, requestTimeoutMs, context.signal)
    } catch (error) {
      if (!(error instanceof RefusedRequest)) throw error
      if (records.length === 1) {
        bad.push(badRecord(partition, first.view, first.offset, 'process', error))
        return
      }
      const middle = Math.ceil(records.length / 2)
      await this.#send(partition, records.slice(0, middle), bad)
      await this.#send(partition, records.slice(middle), bad)
    }
  }
}

/** How many parts a path has, after dots are resolved. */
function segments(address: string): number {
  return new URL(address).pathname.split('/').filter(Boolean).length
}

/** Records that go together: as many as may, and what is to be deleted alone. */
function* groups(records: readonly Outgoing[], max: number): Iterable<readonly Outgoing[]> {
  let group: Outgoing[] = []
  for (const record of records) {
    const isAlone = record.body === undefined || group[0]?.body === undefined
    if (group.length > 0 && (isAlone || group.length >= max)) {
      yield group
      group = []
    }
    group.push(record)
  }
  if (group.length > 0) yield group
}

function idOf({ topicId, partition }: SinkPartition): string {
  return `${topicId}/${partition}`
}
