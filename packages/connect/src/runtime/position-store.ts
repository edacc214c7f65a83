import { type Clock, isMillraceError, systemClock } from '@millrace/base'
import type { KafkaClient, Producer } from '@millrace/kafka'
import { partitionForKey, RecordBatchBuilder } from '@millrace/protocol'
import { connectError } from '../errors.ts'
import type { StoredPosition } from './connector.ts'
import { ensureTopics } from './topics.ts'

/** Default name of the topic that holds the positions of all sources. */
export const positionsTopic = 'millrace-connect-offsets'

/**
 * Sources share the topic, and one source's open transaction in a partition keeps the others from reading beyond it; with
 * several partitions that is rare.
 */
const partitions = 8
const pollMs = 500
const readTimeoutMs = 60_000

/** Whose position: a connector, and what it calls its source partition. */
export interface PositionOwner {
  readonly name: string
  /** Default `{ source: <name> }`. */
  readonly partition?: Readonly<Record<string, unknown>>
}

/** Positions of sources in a compacted topic, keyed as Kafka Connect does: `["<name>",{"source":"<name>"}]`. */
export class PositionStore {
  readonly #client: KafkaClient
  readonly #topic: string
  readonly #clock: Clock

  constructor(client: KafkaClient, topic: string, clock: Clock) {
    this.#client = client
    this.#topic = topic
    this.#clock = clock
  }

  /**
   * The last committed position of a source. Call it after the producer has been initialised: that has ended the
   * predecessor's transaction one way or the other.
   */
  async read(owner: PositionOwner): Promise<StoredPosition | undefined> {
    const { name } = owner
    const partition = await this.#partitionOf(owner)
    const target = { topic: this.#topic, partition }
    // Up to the end that includes open transactions: with the last stable offset as the end, an open transaction of
    // another source, begun before our last one was committed, would hide our last position.
    const [end] = await this.#client.admin.listOffsets([{ ...target, at: 'latest' }], { isolation: 'read_uncommitted' })
    const [start] = await this.#client.admin.listOffsets([{ ...target, at: 'earliest' }])
    if (!end || !start || end.offset <= start.offset) return undefined
    const consumer = this.#client.consumer({ isolation: 'read_committed', autoOffsetReset: 'earliest' })
    try {
      await consumer.assign([target])
      consumer.seek({ ...target, offset: start.offset })
      const key = keyOf(owner)
      const deadlineMs = this.#clock.now() + readTimeoutMs
      let found: Buffer | null = null
      for (;;) {
        for (const fetched of await consumer.poll({ timeoutMs: pollMs })) {
          for (const batch of fetched.batches) {
            const cursor = batch.cursor()
            while (cursor.next()) {
              if (!cursor.keyBytes()?.equals(key)) continue
              const value = cursor.valueBytes()
              found = value && Buffer.from(value)
            }
          }
        }
        if ((consumer.position(target) ?? 0) >= end.offset) return found ? parse(found, owner) : undefined
        if (this.#clock.now() > deadlineMs) {
          const message = `the position of ${name} could not be read within ${readTimeoutMs} ms`
          throw connectError('CONNECT_POSITION_BLOCKED', message, { connector: name, ...target })
        }
      }
    } finally {
      await consumer.close()
    }
  }

  /** Adds the position to the producer's open transaction. */
  async write(producer: Producer, owner: PositionOwner, position: StoredPosition): Promise<void> {
    await this.#put(producer, owner, Buffer.from(JSON.stringify(position)))
  }

  /** Adds the removal of the position to the producer's open transaction. */
  async delete(producer: Producer, owner: PositionOwner): Promise<void> {
    await this.#put(producer, owner, null)
  }

  async #put(producer: Producer, owner: PositionOwner, value: Buffer | null): Promise<void> {
    const batch = new RecordBatchBuilder({ initialBytes: 1024 })
    batch.append(this.#clock.now(), keyOf(owner), value)
    await producer.sendBatch({ topic: this.#topic, partition: await this.#partitionOf(owner), batch })
  }

  #count: number | undefined

  async #partitionOf(owner: PositionOwner): Promise<number> {
    if (this.#count === undefined) {
      const spec = { name: this.#topic, partitions, config: { 'cleanup.policy': 'compact' } }
      this.#count = (await ensureTopics(this.#client, [spec])).get(this.#topic) ?? 1
    }
    return partitionForKey(keyOf(owner), this.#count)
  }
}

/** Where a source stands; undefined when it has never run. */
export function storedPosition(client: KafkaClient, name: string): Promise<StoredPosition | undefined> {
  return new PositionStore(client, positionsTopic, systemClock).read({ name })
}

/**
 * Makes a source begin anew, with a snapshot if it is configured to take one. An instance that still runs is fenced; drop
 * the replication slot too when the log it holds is not wanted any more.
 *
 * @example
 * await forgetPosition(client, 'orders-outbox')
 */
export async function forgetPosition(client: KafkaClient, name: string): Promise<void> {
  const store = new PositionStore(client, positionsTopic, systemClock)
  await replacePosition(client, transactionalIdOf(name), store, { name }, undefined)
}

/**
 * Stores another position, or none; whoever works under the transactional id is fenced first.
 * @throws CONNECT_OFFSETS_CONTENDED
 */
export async function replacePosition(
  client: KafkaClient,
  transactionalId: string,
  store: PositionStore,
  owner: PositionOwner,
  position: StoredPosition | undefined,
): Promise<void> {
  const producer = client.producer({ transactionalId })
  try {
    await producer.init()
    producer.begin()
    if (position === undefined) await store.delete(producer, owner)
    else await store.write(producer, owner, position)
    await producer.commit()
  } catch (error) {
    // Closing says the same once more.
    await producer.close().catch(() => {})
    if (!isMillraceError(error) || !fenced.has(error.code)) throw error
    const message = `the offsets of ${owner.name} are being altered by another process, or it runs there`
    throw connectError('CONNECT_OFFSETS_CONTENDED', message, { connector: owner.name }, error)
  }
  await producer.close()
}

export function transactionalIdOf(source: string): string {
  return `millrace-source-${source}`
}

const fenced = new Set(['KAFKA_FENCED', 'KAFKA_INVALID_PRODUCER_EPOCH', 'KAFKA_PRODUCER_FENCED'])

function keyOf({ name, partition = { source: name } }: PositionOwner): Buffer {
  return Buffer.from(JSON.stringify([name, partition]))
}

function parse(value: Buffer, { name, partition }: PositionOwner): StoredPosition {
  try {
    const position: unknown = JSON.parse(value.toString())
    const isObject = typeof position === 'object' && position !== null
    if (isObject && (partition !== undefined || 'version' in position)) return position as StoredPosition
  } catch {
    // The same as a value of the wrong shape.
  }
  throw unreadable(name, 'is not a position')
}

function unreadable(name: string, reason: string): Error {
  return connectError('CONNECT_POSITION_INVALID', `the stored position of ${name} ${reason}`, { connector: name })
}
