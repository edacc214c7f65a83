import { type Random, randomInt, seededRandom, sleep } from '@millrace/base'
import type { VirtualClock } from '@millrace/base/internal'
import { type FetchedPartition, type KafkaClient, kafkaClient } from '@millrace/kafka'
import type { Operation, Recorder, Result, SeenRecord, Watermarks } from '../history.ts'
import type { Network } from '../simulation/network.ts'
import { ProcessClock } from '../simulation/process-clock.ts'

export const logTopic = 'log'
export const outTopic = 'out'
export const partitions = 2

/** What all clients of a run share. */
export interface World {
  readonly clock: VirtualClock
  readonly random: Random
  readonly network: Network
  readonly recorder: Recorder
  /** Clients begin nothing new when it is false. */
  running: boolean
  /** An error that no client should ever see. */
  readonly failures: string[]
}

/** One process with a client in it, which may be killed at any moment. */
export class ClientProcess {
  readonly name: string
  readonly clock: ProcessClock
  readonly random: Random
  readonly client: KafkaClient
  readonly world: World
  readonly link

  constructor(world: World, name: string) {
    this.world = world
    this.name = name
    this.clock = new ProcessClock(world.clock)
    this.random = seededRandom(randomInt(world.random, 2 ** 31))
    this.link = { name, clock: this.clock, isCut: false }
    this.client = kafkaClient({
      brokers: 'broker:9092',
      clientId: name,
      transport: world.network.transport(this.link),
      clock: this.clock,
      random: this.random,
      requestTimeoutMs: 600,
      operationTimeoutMs: 4_000,
      retryDelayMsMin: 10,
      retryDelayMsMax: 100,
    })
  }

  get isDead(): boolean {
    return this.clock.isDead
  }

  below(limit: number): number {
    return randomInt(this.random, limit)
  }

  chance(probability: number): boolean {
    return this.random.next() < probability
  }

  pause(msMax: number): Promise<void> {
    return sleep(this.clock, 1 + this.below(msMax))
  }

  /** Runs and records one call. An error leaves open whether it took effect. */
  async call(operation: Operation, work: () => Promise<Result | undefined>): Promise<Result | undefined> {
    const pending = this.world.recorder.invoke(this.name, operation)
    try {
      const result = (await work()) ?? {}
      if (!this.isDead) pending.ok(result)
      return result
    } catch (error) {
      if (!this.isDead) pending.unknown(describe(error))
      throw error
    }
  }

  kill(): void {
    this.clock.kill()
  }
}

export function describe(error: unknown): string {
  return error instanceof Error ? `${(error as { code?: string }).code ?? error.name}: ${error.message}` : String(error)
}

/** A poll's records and what it said of their partitions. */
export function resultOf(fetched: readonly FetchedPartition[]): Result & { records: SeenRecord[] } {
  const records: SeenRecord[] = []
  const watermarks: Watermarks[] = []
  for (const one of fetched) {
    const partition = `${one.topic}/${one.partition}`
    for (const batch of one.batches) {
      for (const cursor = batch.cursor(); cursor.next(); ) {
        if (cursor.offset < one.firstOffset) continue
        records.push({ partition, offset: cursor.offset, value: cursor.valueBytes()?.toString() ?? '' })
      }
    }
    const { highWatermark: high, lastStableOffset: stable, logStartOffset: start } = one
    watermarks.push({ partition, high, stable, start })
  }
  return { records, watermarks }
}
