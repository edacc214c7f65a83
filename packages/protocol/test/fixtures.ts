import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** A message that Kafka's class of that name wrote from `json`, in which bytes are base64. */
export interface MessageFixture {
  readonly message: string
  readonly version: number
  readonly json: Readonly<Record<string, unknown>>
  readonly bytes: string
}

export interface SampleRecord {
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly { readonly key: string; readonly value: string | null }[]
}

/** A batch that Kafka's builder wrote (`bytes`, from what `made` says) and what Kafka's reader sees in it (`batch`). */
export interface BatchFixture {
  readonly made: {
    readonly op: 'batch' | 'control'
    readonly type?: 'commit' | 'abort'
    readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
    readonly appendTime: boolean
    readonly baseOffset: number
    readonly producerId: number
    readonly producerEpoch: number
    readonly baseSequence: number
    readonly transactional: boolean
    readonly leaderEpoch: number
    readonly coordinatorEpoch: number
    readonly timestamp: number
    readonly records: readonly SampleRecord[]
  }
  readonly bytes: string
  readonly batch: {
    readonly baseOffset: number
    readonly lastOffset: number
    readonly leaderEpoch: number
    readonly compression: string
    readonly timestampType: string
    readonly maxTimestamp: number
    readonly producerId: number
    readonly producerEpoch: number
    readonly baseSequence: number
    readonly isTransactional: boolean
    readonly isControl: boolean
    readonly recordCount: number
    readonly sizeInBytes: number
    readonly records: readonly (SampleRecord & { readonly offset: number })[]
  }
}

/** Reads a file that `conformance/java/make-protocol-fixtures.ts` made. */
function read(name: string): unknown {
  return JSON.parse(gunzipSync(readFileSync(join(import.meta.dirname, 'fixtures', name))).toString('utf8'))
}

export const messageFixtures = (): MessageFixture[] => read('messages.json.gz') as MessageFixture[]
/** Messages that Kafka wrote without any field set. */
export const defaultFixtures = (): Omit<MessageFixture, 'json'>[] =>
  read('defaults.json.gz') as Omit<MessageFixture, 'json'>[]
export const batchFixtures = (): BatchFixture[] => read('batches.json.gz') as BatchFixture[]
export const murmur2Fixtures = (): [key: string, hash: number][] => read('murmur2.json.gz') as [string, number][]
export const errorFixtures = (): { code: number; name: string; retriable: boolean }[] =>
  read('errors.json.gz') as { code: number; name: string; retriable: boolean }[]
