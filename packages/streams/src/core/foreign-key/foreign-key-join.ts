import type { Serde } from '@millrace/contracts'
import { FlowRecord } from '../flow-record.ts'
import { openWritten, type TableLookup } from '../operators/table-getter.ts'
import { type CreateProcessor, settled } from '../processor.ts'
import { asBuffer } from '../stores/bytes.ts'
import type { SubscriptionStore } from '../stores/subscription-store.ts'
import { murmur3 } from './murmur3.ts'
import type { PerTask } from './per-task.ts'
import type { SecondQuestions } from './second-questions.ts'
import {
  behindPrefix,
  combinedKey,
  foreignKeyPrefix,
  type Instruction,
  instruction,
  type Subscription,
  type SubscriptionResponse,
  subscription,
} from './subscription-serde.ts'

type AnySerde = Serde<unknown, unknown>

const noHash = Buffer.alloc(0)

export type ForeignKeyOf = (value: unknown, key: unknown) => unknown

/** The foreign key that a row points at; null for none, and where there is no row. */
function pointing(foreignKeyOf: ForeignKeyOf, node: string): ForeignKeyOf {
  return (row, key) => (row === null ? null : (settled(foreignKeyOf(row, key), node) ?? null))
}

export interface SendOptions {
  readonly foreignKeyOf: ForeignKeyOf
  readonly keySerde: AnySerde
  readonly valueSerde: AnySerde
  readonly foreignKeySerde: AnySerde
  readonly isLeft: boolean
  readonly questions: PerTask<SecondQuestions>
}

/**
 * The rows' side of a join by foreign key (KIP-213): an update tells the partition of its foreign key where it points
 * now, and that of the former one that it no longer does. Both are told the hash of the row's value: answers may
 * come in another order than questions were asked, and only those to the row's present value count.
 */
export function subscriptionSendOperator(options: SendOptions): CreateProcessor {
  const { foreignKeyOf, keySerde, valueSerde, foreignKeySerde, isLeft } = options
  return ({ node, taskId, context, task, forward, drop }) => {
    const out = new FlowRecord()
    const questions = options.questions(context)
    if (!isLeft) {
      task.onStart(
        () => questions.begin(),
        () => {},
      )
    }
    const pointedAt = pointing(foreignKeyOf, node)
    const isSame = (a: unknown, b: unknown): boolean =>
      a === b ||
      (a !== null && b !== null && asBuffer(foreignKeySerde.serialize(a)).equals(foreignKeySerde.serialize(b)))
    const tell = (
      foreignKey: unknown,
      told: Instruction,
      hash: Buffer | null,
      primaryKey: Buffer,
      timestamp: number,
    ) => {
      out.setKey(foreignKey)
      out.setValue(subscription({ hash, instruction: told, primaryKey, primaryPartition: taskId.partition }))
      out.timestamp = timestamp
      forward(out)
    }
    questions.ask = ({ foreignKey, hash, primaryKey, timestamp }) => {
      questions.asked(primaryKey, hash)
      tell(foreignKey, instruction.tellAlways, hash, primaryKey, timestamp)
    }
    return {
      process(record) {
        if (!record.hasKey) return drop('null-key')
        if (!record.isLatest) return drop('late')
        const { key, value, oldValue, timestamp } = record
        if (value === null && oldValue === null) return
        const primaryKey = asBuffer(record.keyBytesUnder(keySerde) ?? keySerde.serialize(key))
        const before = pointedAt(oldValue, key)
        const now = pointedAt(value, key)
        // Never the bytes that the value came in: the other side hashes what it reads back, written anew.
        const hash = value === null ? null : murmur3(asBuffer(valueSerde.serialize(value)))
        const moves = before !== null && !isSame(before, now)
        if (isLeft) {
          if (moves) tell(before, instruction.deleteQuietly, hash, primaryKey, timestamp)
          return tell(now, instruction.tellAlways, hash, primaryKey, timestamp)
        }
        if (value !== null && now === null) drop('null-foreign-key')
        if (now === null) {
          if (before !== null) tell(before, instruction.deleteAndTell, hash, primaryKey, timestamp)
          return
        }
        if (moves) tell(before, instruction.deleteQuietly, hash, primaryKey, timestamp)
        if (!moves) return tell(now, instruction.tellIfFound, hash, primaryKey, timestamp)
        // What the former row made must be taken back where there is no new one: in inner joins too.
        questions.asked(primaryKey, hash!)
        tell(now, instruction.tellAlways, hash, primaryKey, timestamp)
      },
    }
  }
}

/** The foreign side: notes who points at which key, for the day that its row changes. */
export function subscriptionReceiveOperator(options: {
  readonly storeName: string
  readonly foreignKeySerde: AnySerde
  readonly isLeft: boolean
}): CreateProcessor {
  const { storeName, foreignKeySerde, isLeft } = options
  return ({ forward, drop, store }) => {
    const state = store<SubscriptionStore>(storeName)
    const out = new FlowRecord()
    // A question that is asked again is no other subscription; see `SecondQuestions`.
    const isKnown = (key: Buffer, { hash, instruction: asked }: Subscription): boolean =>
      !isLeft && asked === instruction.tellAlways && hash?.equals(state.get(key)?.hash ?? noHash) === true
    return {
      process(record) {
        const told = record.value as Subscription
        if (!record.hasKey && told.instruction !== instruction.tellAlways) return drop('null-key')
        out.keyFrom(record)
        out.setValue(told)
        out.timestamp = record.timestamp
        if (record.hasKey) {
          const foreignKey = record.keyBytesUnder(foreignKeySerde) ?? foreignKeySerde.serialize(record.key)
          const isDeletion =
            told.instruction === instruction.deleteQuietly || told.instruction === instruction.deleteAndTell
          const key = combinedKey(foreignKey, told.primaryKey)
          if (!isKnown(key, told)) state.put(key, isDeletion ? null : told, record.timestamp)
        }
        forward(out)
      },
    }
  }
}

/** Answers a subscription with the row as it is. */
export function subscriptionJoinOperator(options: {
  readonly foreign: TableLookup
  readonly keySerde: AnySerde
}): CreateProcessor {
  const { foreign, keySerde } = options
  return (setup) => {
    const { forward } = setup
    const lookup = foreign.open(setup)
    const out = new FlowRecord()
    return {
      process(record) {
        const told = record.value as Subscription
        if (told.instruction === instruction.deleteQuietly) return
        const row = record.hasKey ? lookup(record.key) : undefined
        if (row === undefined && told.instruction === instruction.tellIfFound) return
        const tellsRow = row !== undefined && told.instruction !== instruction.deleteAndTell
        const { hash, primaryPartition } = told
        const response: SubscriptionResponse = { hash, foreignValue: tellsRow ? row.value : null, primaryPartition }
        out.timestamp = row === undefined ? record.timestamp : Math.max(record.timestamp, row.timestamp)
        out.setKeyWithBytes(keySerde.deserialize(told.primaryKey), told.primaryKey, keySerde)
        out.setValue(response)
        forward(out)
      },
    }
  }
}

/** A foreign row has changed: everyone who points at it is told. */
export function foreignTableOperator(options: {
  readonly storeName: string
  readonly keySerde: AnySerde
  readonly foreignKeySerde: AnySerde
}): CreateProcessor {
  const { storeName, keySerde, foreignKeySerde } = options
  return ({ forward, drop, store }) => {
    const state = store<SubscriptionStore>(storeName)
    const out = new FlowRecord()
    return {
      process(record) {
        if (!record.hasKey) return drop('null-key')
        if (!record.isLatest) return drop('late')
        const foreignKey = record.keyBytesUnder(foreignKeySerde) ?? foreignKeySerde.serialize(record.key)
        const prefix = foreignKeyPrefix(foreignKey)
        const { value, timestamp } = record
        for (const [combined, stored] of state.bytes.range({ from: prefix, to: behindPrefix(prefix) })) {
          const primaryKey = Buffer.from(combined.subarray(prefix.length))
          const told = state.read(stored)
          const response: SubscriptionResponse = {
            hash: told.hash,
            foreignValue: value,
            primaryPartition: told.primaryPartition,
          }
          out.setKeyWithBytes(keySerde.deserialize(primaryKey), primaryKey, keySerde)
          out.setValue(response)
          out.timestamp = timestamp
          forward(out)
        }
      },
    }
  }
}

export interface ResolveOptions {
  readonly primary: TableLookup
  readonly valueSerde: AnySerde
  readonly joiner: (value: unknown, foreignValue: unknown, key: unknown) => unknown
  readonly isLeft: boolean
  readonly keySerde: AnySerde
  readonly foreignKeyOf: ForeignKeyOf
  readonly questions: PerTask<SecondQuestions>
}

/**
 * Back on the rows' side: an answer to the value that the row has now makes a result; others have been overtaken. One
 * that takes a result back counts all the same where the row points nowhere now: nobody else would take it back. Where
 * the row points somewhere it asks there once more.
 */
export function responseJoinOperator(options: ResolveOptions): CreateProcessor {
  const { primary, valueSerde, joiner, isLeft, keySerde, foreignKeyOf } = options
  return (setup) => {
    const { node, context, forward, drop } = setup
    const questions = options.questions(context)
    // Rows as the foreign side was told of them. One that a cache holds back is asked about when it is handed on; an answer
    // that happens to fit it would make a result of it, which nobody takes back where it is gone again by then.
    const lookup = openWritten(primary, setup)
    const out = new FlowRecord()
    const hashOf = (row: unknown): Buffer => murmur3(asBuffer(valueSerde.serialize(row)))
    const pointedAt = pointing(foreignKeyOf, node)
    const primaryKeyOf = (record: FlowRecord): Buffer =>
      asBuffer(record.keyBytesUnder(keySerde) ?? keySerde.serialize(record.key))
    return {
      process(record) {
        const { key } = record
        const { hash, foreignValue } = record.value as SubscriptionResponse
        const found = lookup(key)
        const row = found === undefined ? null : found.value
        const rowTime = found === undefined ? -1 : found.timestamp
        const current = row === null ? null : hashOf(row)
        const isCurrent = hash === null || current === null ? hash === current : hash.equals(current)
        if (!isLeft) questions.answered(primaryKeyOf(record), hash)
        if (!isCurrent) {
          drop('overtaken')
          if (isLeft || foreignValue !== null) return
          const foreignKey = pointedAt(row, key)
          if (foreignKey !== null) {
            const primaryKey = primaryKeyOf(record)
            const timestamp = Math.max(record.timestamp, rowTime)
            if (!questions.isOpen(primaryKey, current!)) {
              questions.ask({ foreignKey, hash: current!, primaryKey, timestamp })
            }
            return
          }
        }
        const isNothing = foreignValue === null && (!isLeft || row === null)
        out.keyFrom(record)
        out.setValue(isNothing ? null : (settled(joiner(row, foreignValue, key), node) ?? null))
        out.oldValue = null
        out.timestamp = record.timestamp
        forward(out)
      },
    }
  }
}
