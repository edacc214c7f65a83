import { type FileHandle, open } from 'node:fs/promises'
import { whenReady } from '@millrace/contracts'
import { configDef } from '../../config/config-def.ts'
import { nonEmpty } from '../../config/config-key.ts'
import { connectError } from '../../errors.ts'
import type { SinkBatch, SinkContext, SinkPartition, SinkSession } from '../../runtime/connector.ts'
import type { SinkPlugin } from '../../runtime/plugin.ts'
import { decodeBatch } from '../decode-batch.ts'
import { ownRecords } from '../own-records.ts'
import { pipelineDecoder, type RecordDecoder } from '../record-decoder.ts'
import { plainJson } from '../sql/plain-json.ts'
import { fileError } from './file-error.ts'

const definition = configDef({
  file: { type: 'string', valid: nonEmpty, importance: 'high', doc: 'Path of the file to append to.' },
})

/**
 * Appends values to a text file, a line each, by the properties of Kafka's own example connector: texts as they are, all else
 * as JSON. Lines come at least once, since such a file has no place for an offset; `fileSink` writes each record once.
 */
export const fileStreamSink: SinkPlugin = {
  classNames: ['org.apache.kafka.connect.file.FileStreamSinkConnector'],
  type: 'sink',
  version: '1.0.0',
  configDef: definition,
  create: (properties, { name, pipeline, topics }) => {
    const { file } = definition.parse(name, properties)
    return {
      kind: 'sink',
      name,
      topics,
      onBadRecord: 'dead-letter',
      // The group's are the only ones.
      setOffsets: async () => {},
      open: async (context) => {
        try {
          const decoder = ownRecords(pipelineDecoder(pipeline), name)
          return new FileStream({ name, file, decoder, context }, await opened(file))
        } catch (error) {
          throw fileError(error, `opening ${file} for ${name}`, { connector: name })
        }
      },
    }
  },
}

/** A line that a crash has cut short is ended, so that the next one is not taken for its rest. */
async function opened(file: string): Promise<FileHandle> {
  const handle = await open(file, 'a+')
  try {
    const { size } = await handle.stat()
    if (size > 0) {
      const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
      if (buffer[0] !== 0x0a) await handle.appendFile('\n')
    }
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

interface FileStreamParts {
  readonly name: string
  readonly file: string
  readonly decoder: RecordDecoder
  readonly context: SinkContext
}

class FileStream implements SinkSession {
  readonly #parts: FileStreamParts
  readonly #handle: FileHandle
  readonly #claimed = new Set<string>()
  /** Partitions take turns, so that a line is never inside another. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: FileStreamParts, handle: FileHandle) {
    this.#parts = parts
    this.#handle = handle
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
    const { name, file, decoder, context } = this.#parts
    if (!this.#claimed.has(idOf(batch))) {
      throw connectError('CONNECT_SINK_FENCED', `partition ${batch.partition} of ${batch.topic} is not claimed`, {})
    }
    const lines: string[] = []
    const bad = await whenReady(() => {
      lines.length = 0
      return decodeBatch(batch, decoder, ({ value }) => void lines.push(lineOf(value)))
    })
    try {
      const written = this.#turn.then(() => this.#handle.appendFile(lines.join('')))
      this.#turn = written.catch(() => {})
      await written
    } catch (error) {
      throw fileError(error, `appending to ${file} for ${name}`, { connector: name })
    }
    if (bad.length > 0) await context.deadLetter(bad)
    return lines.length
  }

  async close(): Promise<void> {
    await this.#turn
    await this.#handle.close()
  }
}

function lineOf(value: unknown): string {
  return `${typeof value === 'string' ? value : plainJson(value)}\n`
}

function idOf({ topicId, partition }: SinkPartition): string {
  return `${topicId}/${partition}`
}
