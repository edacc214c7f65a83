import type { Serde } from '@millrace/contracts'
import { asBuffer } from '../stores/bytes.ts'
import { aroundTopicSerde } from '../topology/topic-serdes.ts'

/** What the foreign side does with a subscription. */
export const instruction = {
  /** The key points elsewhere now; its new place answers. */
  deleteQuietly: 0,
  /** The key points nowhere any more: answer with nothing. */
  deleteAndTell: 1,
  /** Answer with the row, or with nothing where there is none. */
  tellAlways: 2,
  /** Answer only if there is a row: nothing was ever told before. */
  tellIfFound: 3,
} as const

export type Instruction = (typeof instruction)[keyof typeof instruction]

/** A row's word to the foreign side: where it points, and which of its values that was. */
export interface Subscription {
  readonly version: number
  /** Of the row's value; null: the row is gone. */
  readonly hash: Buffer | null
  readonly instruction: Instruction
  /** Key of the row, as bytes. */
  readonly primaryKey: Buffer
  /** Partition that the row lies in; undefined in subscriptions of version 0. */
  readonly primaryPartition: number | undefined
}

const currentVersion = 1
const noHash = 0x80
const hashBytes = 16

export function subscription(fields: Omit<Subscription, 'version'>): Subscription {
  return { version: currentVersion, ...fields }
}

/**
 * SubscriptionWrapperSerde: version with a bit for a missing hash, instruction, hash, key, and from version 1 on (Kafka
 * Streams 3.4) the partition of the row.
 */
export const subscriptionSerde: Serde<unknown, unknown> = {
  name: 'foreign-key subscription',
  serialize(value) {
    const { version, hash, instruction: told, primaryKey, primaryPartition } = value as Subscription
    const parts: Uint8Array[] = [Buffer.of(hash === null ? version | noHash : version, told)]
    if (hash !== null) parts.push(hash)
    parts.push(primaryKey)
    if (version > 0) {
      const partition = Buffer.alloc(4)
      partition.writeInt32BE(primaryPartition!)
      parts.push(partition)
    }
    return Buffer.concat(parts)
  },
  deserialize(bytes): Subscription {
    const buffer = Buffer.from(bytes)
    const version = checkedVersion(buffer, currentVersion)
    const hash = hashOf(buffer, 2)
    const from = 2 + (hash === null ? 0 : hashBytes)
    const end = version > 0 ? buffer.length - 4 : buffer.length
    const told = buffer[1]!
    if (told > instruction.tellIfFound || end < from) throw new RangeError('the record is no foreign-key subscription')
    return {
      version,
      hash,
      instruction: told as Instruction,
      primaryKey: buffer.subarray(from, end),
      primaryPartition: version > 0 ? buffer.readInt32BE(end) : undefined,
    }
  },
}

/** The foreign side's answer to a row. */
export interface SubscriptionResponse {
  /** Of the value that the row had when it subscribed: an answer to another value than it has now is out of date. */
  readonly hash: Buffer | null
  /** null: there is no row. */
  readonly foreignValue: unknown
  /** Where the answer goes; not written. */
  readonly primaryPartition: number | undefined
}

/** SubscriptionResponseWrapperSerde, version 0: version with a bit for a missing hash, hash, foreign value. */
export function responseSerde(valueSerde: Serde<unknown, unknown>): Serde<unknown, unknown> {
  return {
    name: `foreign-key response(${valueSerde.name})`,
    ...aroundTopicSerde(valueSerde, responseSerde),
    serialize(value) {
      const { hash, foreignValue } = value as SubscriptionResponse
      const parts: Uint8Array[] = [Buffer.of(hash === null ? noHash : 0)]
      if (hash !== null) parts.push(hash)
      if (foreignValue !== null) parts.push(valueSerde.serialize(foreignValue))
      return Buffer.concat(parts)
    },
    deserialize(bytes): SubscriptionResponse {
      const buffer = asBuffer(bytes)
      checkedVersion(buffer, 0)
      const hash = hashOf(buffer, 1)
      const from = 1 + (hash === null ? 0 : hashBytes)
      const foreignValue = buffer.length > from ? valueSerde.deserialize(buffer.subarray(from)) : null
      return { hash, foreignValue, primaryPartition: undefined }
    },
  }
}

function checkedVersion(buffer: Buffer, newest: number): number {
  const version = buffer[0]! & ~noHash
  if (version <= newest) return version
  throw new RangeError(`version ${version} of foreign-key records is newer than this release reads (${newest})`)
}

function hashOf(buffer: Buffer, at: number): Buffer | null {
  if ((buffer[0]! & noHash) !== 0) return null
  if (buffer.length < at + hashBytes) throw new RangeError('the record is cut off')
  return Buffer.from(buffer.subarray(at, at + hashBytes))
}

/** CombinedKeySchema: length of the foreign key, foreign key, primary key. All keys of a foreign one have its prefix. */
export function combinedKey(foreignKey: Uint8Array, primaryKey: Uint8Array): Buffer {
  return Buffer.concat([foreignKeyPrefix(foreignKey), primaryKey])
}

export function foreignKeyPrefix(foreignKey: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(foreignKey.length)
  return Buffer.concat([length, foreignKey])
}

/** The first key behind all that begin with the prefix; undefined: there is none. */
export function behindPrefix(prefix: Buffer): Buffer | undefined {
  const next = Buffer.from(prefix)
  for (let at = next.length - 1; at >= 0; at--) {
    next[at] = (next[at]! + 1) & 0xff
    if (next[at] !== 0) return next
  }
  return undefined
}
