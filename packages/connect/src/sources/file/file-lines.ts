import { type FileHandle, open } from 'node:fs/promises'
import { sleep } from '@millrace/base'
import { configDef } from '../../config/config-def.ts'
import { between, nonEmpty } from '../../config/config-key.ts'
import type { ConnectSchema } from '../../data/schema.ts'
import { connectError } from '../../errors.ts'
import type { SourceContext, SourceOutput, SourcePull, SourceSession, StoredPosition } from '../../runtime/connector.ts'
import type { ConnectorPlugin } from '../../runtime/plugin.ts'

const definition = configDef({
  file: {
    type: 'string',
    valid: nonEmpty,
    importance: 'high',
    doc: 'Path of the file to read, and to follow as it grows.',
  },
  topic: { type: 'string', valid: nonEmpty, importance: 'high', doc: 'Topic of the lines.' },
  'batch.size': {
    type: 'int',
    default: 2_000,
    valid: between(1),
    importance: 'low',
    doc: 'The most lines per transaction.',
  },
})

/**
 * The lines of a text file, each a record, in the manner of Kafka's own example connector: names, values, and the position
 * (`{"filename"}` and `{"position"}`, in bytes) are its own, so that a config and its offsets can be brought along. It is
 * also what a connector in one file looks like.
 */
export const fileLinesSource: ConnectorPlugin = {
  classNames: ['org.apache.kafka.connect.file.FileStreamSourceConnector'],
  type: 'source',
  version: '1.0.0',
  configDef: definition,
  create: (properties, { name }) => {
    const { file, topic, 'batch.size': maxLines } = definition.parse(name, properties)
    return {
      kind: 'source',
      name,
      topics: [],
      newTopic: (topicName) => ({ name: topicName }),
      partition: { filename: file },
      checkPosition: (position) => void startOf(name, position),
      open: async (context) => {
        const position = startOf(name, context.position)
        return new FileLines({ file, topic, maxLines, context }, position, await opened(file))
      },
    }
  },
}

interface FileLinesOptions {
  readonly file: string
  readonly topic: string
  readonly maxLines: number
  readonly context: SourceContext
}

const chunkBytes = 64 * 1024
const lineBytesMax = 16 * 1024 * 1024
/** Strict: a decoder that puts another character in the place of one it cannot read would change the line. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const newLine = 0x0a
const carriageReturn = 0x0d
const noKey: ConnectSchema = { type: 'string', optional: true }
const line: ConnectSchema = { type: 'string' }

/** @throws CONNECT_POSITION_INVALID where somebody has altered it to what is none */
function startOf(name: string, stored: StoredPosition | undefined): number {
  if (stored === undefined) return 0
  const position = /^\d+$/.test(String(stored.position)) ? Number(stored.position) : Number.NaN
  if (Number.isSafeInteger(position)) return position
  const message = `the position of ${name} is {"position": <bytes>}, not ${JSON.stringify(stored)}`
  throw connectError('CONNECT_POSITION_INVALID', message, { connector: name })
}

/** @throws CONNECT_FILE_UNAVAILABLE: the file may still be made */
async function opened(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r')
  } catch (error) {
    throw connectError('CONNECT_FILE_UNAVAILABLE', `${file} cannot be read`, { file }, error)
  }
}

class FileLines implements SourceSession {
  readonly #options: FileLinesOptions
  readonly #handle: FileHandle
  /** Behind the last line that was given out. */
  #position: number
  /** What was read behind it. */
  #rest: Buffer = Buffer.alloc(0)

  constructor(options: FileLinesOptions, position: number, handle: FileHandle) {
    this.#options = options
    this.#position = position
    this.#handle = handle
  }

  async pull(output: SourceOutput, maxWaitMs: number): Promise<SourcePull | undefined> {
    const { maxLines, context, file } = this.#options
    for (let lines = 0; lines < maxLines && !output.isFull; ) {
      const end = this.#rest.indexOf(newLine)
      if (end >= 0) {
        this.#give(output, end)
        lines++
      } else if (!(await this.#read())) break
    }
    if (output.records > 0) return { position: this.#stored, transaction: 'commit' }
    context.report(`waiting for lines in ${file}`)
    await sleep(context.clock, maxWaitMs, context.signal).catch(() => {})
    return undefined
  }

  async commit(): Promise<void> {}

  figures(): { lagBytes: undefined; lastEventMs: undefined } {
    return { lagBytes: undefined, lastEventMs: undefined }
  }

  close(): Promise<void> {
    return this.#handle.close()
  }

  get #stored(): SourcePull['position'] {
    return { version: 1, position: this.#position }
  }

  #give(output: SourceOutput, end: number): void {
    const { topic, context } = this.#options
    const isWindows = end > 0 && this.#rest[end - 1] === carriageReturn
    const value = this.#text(this.#rest.subarray(0, isWindows ? end - 1 : end))
    this.#rest = this.#rest.subarray(end + 1)
    this.#position += end + 1
    output.record({
      topic,
      partition: undefined,
      timestampMs: context.clock.now(),
      key: { schema: noKey, value: null },
      value: { schema: line, value },
      headers: [],
    })
  }

  #text(bytes: Buffer): string {
    try {
      return utf8.decode(bytes)
    } catch (error) {
      const { file } = this.#options
      const message = `the line of ${file} at byte ${this.#position} is not UTF-8`
      throw connectError('CONNECT_RECORD_REFUSED', message, { file, position: this.#position }, error)
    }
  }

  /** What is written behind a cut would be left out up to where the file was read. @throws CONNECT_FILE_CUT */
  async #checkSize(): Promise<void> {
    const { file } = this.#options
    const read = this.#position + this.#rest.length
    const { size } = await this.#handle.stat()
    if (size >= read) return
    const message = `${file} was read up to byte ${read}, and has ${size} now`
    throw connectError('CONNECT_FILE_CUT', message, { file, position: read, size })
  }

  /** False at the end of the file; a line without its end is left for later. */
  async #read(): Promise<boolean> {
    const chunk = Buffer.alloc(chunkBytes)
    const { bytesRead } = await this.#handle.read(chunk, 0, chunkBytes, this.#position + this.#rest.length)
    if (bytesRead === 0) {
      await this.#checkSize()
      return false
    }
    this.#rest = Buffer.concat([this.#rest, chunk.subarray(0, bytesRead)])
    if (this.#rest.length <= lineBytesMax) return true
    const { file } = this.#options
    const message = `the line of ${file} at byte ${this.#position} is longer than ${lineBytesMax} bytes`
    throw connectError('CONNECT_RECORD_REFUSED', message, { file, position: this.#position })
  }
}
