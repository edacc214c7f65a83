import { readFile, stat, truncate } from 'node:fs/promises'
import type { Clock } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import { parseSignal, type Signal } from './signal.ts'

const pollMs = 500

/** Signals of a topic's first partition, read in the background from an offset on. */
export class TopicSignals {
  readonly #consumer: ReturnType<KafkaClient['consumer']>
  readonly #target: { readonly topic: string; readonly partition: number }
  readonly #key: string
  #found: Signal[] = []
  #failure: unknown
  #isClosed = false
  #reading: Promise<void> | undefined
  /** Where the next signal is to be read. */
  offset = 0

  private constructor(client: KafkaClient, topic: string, key: string) {
    this.#consumer = client.consumer({ isolation: 'read_committed' })
    this.#target = { topic, partition: 0 }
    this.#key = key
  }

  /** Without an offset it begins with the next signal: older ones were for others. */
  static async open(client: KafkaClient, topic: string, key: string, offset?: number): Promise<TopicSignals> {
    const signals = new TopicSignals(client, topic, key)
    const [end] = await client.admin.listOffsets([{ ...signals.#target, at: 'latest' }])
    const [start] = await client.admin.listOffsets([{ ...signals.#target, at: 'earliest' }])
    signals.offset = Math.max(offset ?? end?.offset ?? 0, start?.offset ?? 0)
    await signals.#consumer.assign([signals.#target])
    signals.#consumer.seek({ ...signals.#target, offset: signals.offset })
    signals.#reading = signals.#read()
    return signals
  }

  take(): readonly Signal[] {
    if (this.#failure) throw this.#failure
    if (this.#found.length === 0) return []
    const taken = this.#found
    this.#found = []
    this.offset = this.#consumer.position(this.#target) ?? this.offset
    return taken
  }

  async #read(): Promise<void> {
    try {
      while (!this.#isClosed) {
        for (const { batches } of await this.#consumer.poll({ timeoutMs: pollMs })) {
          for (const batch of batches) {
            const cursor = batch.cursor()
            while (cursor.next()) {
              if (cursor.keyBytes()?.toString() !== this.#key) continue
              const signal = parseSignal(cursor.valueBytes()?.toString() ?? '')
              if (typeof signal !== 'string') this.#found.push(signal)
            }
          }
        }
      }
    } catch (error) {
      if (!this.#isClosed) this.#failure = error
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#reading
    await this.#consumer.close()
  }
}

/** Signals of a file, one a line. It is emptied once what it said is in Kafka, unless it has grown meanwhile. */
export class FileSignals {
  readonly #path: string
  readonly #clock: Clock
  #lookedMs = Number.NEGATIVE_INFINITY
  #bytes = 0

  constructor(path: string, clock: Clock) {
    this.#path = path
    this.#clock = clock
  }

  async take(): Promise<readonly Signal[]> {
    const nowMs = this.#clock.now()
    if (nowMs - this.#lookedMs < pollMs) return []
    this.#lookedMs = nowMs
    try {
      const { size } = await stat(this.#path)
      if (size === this.#bytes) return []
      const text = await readFile(this.#path, 'utf8')
      this.#bytes = Buffer.byteLength(text)
      const parsed = text.split('\n').map((line) => (line.trim() === '' ? 'is empty' : parseSignal(line)))
      return parsed.filter((signal) => typeof signal !== 'string')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }

  /** What was taken is in Kafka. */
  async committed(): Promise<void> {
    if (this.#bytes === 0) return
    const found = await stat(this.#path).catch(() => undefined)
    if (found?.size === this.#bytes) await truncate(this.#path).catch(() => {})
    if (found?.size !== this.#bytes) return
    this.#bytes = 0
  }
}
