import { join } from 'node:path'
import { checkOptions, type LimitTable, resolveLimits } from '@millrace/base/internal'
import { type TopicContract, whenReady } from '@millrace/contracts'
import { connectError } from '../../errors.ts'
import type { SinkBatch, SinkConnector, SinkContext, SinkPartition, SinkSession } from '../../runtime/connector.ts'
import { decodeBatch } from '../decode-batch.ts'
import { ownRecords } from '../own-records.ts'
import { contractDecoder, type DecodedRecord, type RecordDecoder } from '../record-decoder.ts'
import { plainJson } from '../sql/plain-json.ts'
import { fileError } from './file-error.ts'
import { PartitionFolder } from './partition-folder.ts'

const fileLimits = {
  maxFileBytes: {
    default: 64 * 1024 * 1024,
    min: 1,
    max: 1024 ** 4,
    reached: 'The file is complete; the next is begun.',
  },
} as const satisfies LimitTable

export interface FileSinkOptions {
  /** Names the consumer group. Default `<topic>-to-files`. */
  readonly name?: string
  /** Files are `<folder>/<topic>/<partition>/<first offset>.jsonl`, the youngest with `.open` at its end. */
  readonly folder: string
  /** `record`: a line has `offset`, `timestampMs`, `key`, `value`; `value`: it is the value. Default `record`. */
  readonly line?: 'record' | 'value'
  /** What to do with a record that cannot be read. Default `dead-letter`. */
  readonly onBadRecord?: 'dead-letter' | 'fail'
  readonly limits?: { readonly [Name in keyof typeof fileLimits]?: number }
}

/**
 * Writes the records of a topic into files, one JSON text per line, each exactly once. The folder lies on a disk of this
 * machine; instances that share partitions share the folder.
 *
 * @example
 * fileSink(order, { folder: '/var/lib/archive' })
 */
export function fileSink<K, V, KIn, VIn>(
  contract: TopicContract<K, V, KIn, VIn>,
  options: FileSinkOptions,
): SinkConnector {
  checkOptions(
    'fileSink',
    options,
    {
      name: 'string',
      folder: 'string',
      line: { oneOf: ['record', 'value'] },
      onBadRecord: { oneOf: ['dead-letter', 'fail'] },
      limits: 'object',
    },
    { required: ['folder'] },
  )
  const name = options.name ?? `${contract.name}-to-files`
  const { maxFileBytes } = resolveLimits(`fileSink ${name}`, fileLimits, options.limits)
  const { partitions, config } = contract
  const decoder = ownRecords(contractDecoder(contract as never), name)
  const line = options.line ?? 'record'
  return {
    kind: 'sink',
    name,
    topics: [{ name: contract.name, ...(partitions !== undefined && { partitions }), ...(config && { config }) }],
    onBadRecord: options.onBadRecord ?? 'dead-letter',
    open: async (context) =>
      new FileSinkSession({ name, folder: options.folder, line, maxFileBytes, decoder, context }),
  }
}

interface FileSessionParts {
  readonly name: string
  readonly folder: string
  readonly line: 'record' | 'value'
  readonly maxFileBytes: number
  readonly decoder: RecordDecoder
  readonly context: SinkContext
}

class FileSinkSession implements SinkSession {
  readonly #parts: FileSessionParts
  readonly #folders = new Map<string, PartitionFolder>()

  constructor(parts: FileSessionParts) {
    this.#parts = parts
  }

  async claim(partition: SinkPartition): Promise<number | undefined> {
    const { folder, maxFileBytes, name } = this.#parts
    const path = join(folder, partition.topic, String(partition.partition))
    try {
      const claimed = await PartitionFolder.claim(path, partition.topicId, maxFileBytes)
      this.#folders.set(idOf(partition), claimed)
      return claimed.nextOffset
    } catch (error) {
      throw fileError(error, `claiming ${path} for ${name}`, { connector: name })
    }
  }

  release(partition: SinkPartition): void {
    const folder = this.#folders.get(idOf(partition))
    this.#folders.delete(idOf(partition))
    folder?.close().catch(() => {})
  }

  async put(batch: SinkBatch): Promise<number> {
    const { decoder, context, name, line } = this.#parts
    const folder = this.#folders.get(idOf(batch))
    if (!folder) throw connectError('CONNECT_SINK_FENCED', `partition ${batch.partition} is not claimed`, {})
    const texts: string[] = []
    const bad = await whenReady(() => {
      texts.length = 0
      return decodeBatch(batch, decoder, (record, offset) => texts.push(lineOf(record, offset, line)))
    })
    try {
      if (bad.length > 0) await context.deadLetter(bad)
      await folder.append(texts.map((text) => `${text}\n`).join(''), batch.firstOffset, batch.nextOffset)
    } catch (error) {
      throw fileError(error, `writing a batch of ${name}`, { connector: name })
    }
    return texts.length
  }

  async close(): Promise<void> {
    for (const folder of this.#folders.values()) await folder.close()
    this.#folders.clear()
  }
}

function lineOf({ key, value, timestampMs }: DecodedRecord, offset: number, line: 'record' | 'value'): string {
  return plainJson(line === 'value' ? value : { offset, timestampMs, key, value })
}

function idOf({ topicId, partition }: SinkPartition): string {
  return `${topicId}/${partition}`
}
