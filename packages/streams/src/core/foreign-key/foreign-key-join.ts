import type { Serde } from '@millrace/contracts'
import { FlowRecord } from '../flow-record.ts'
import type { TableLookup } from '../operators/table-getter.ts'
import { type CreateProcessor, settled } from '../processor.ts'
import { asBuffer } from '../stores/bytes.ts'
import type { SubscriptionStore } from '../stores/subscription-store.ts'
import type { GoneRows } from './gone-rows.ts'
import { murmur3 } from './murmur3.ts'
import type { PerTask } from './per-task.ts'
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
import type { Unanswered } from './unanswered.ts'

type AnySerde = Serde<unknown, unknown>

export type ForeignKeyOf = (value: unknown, key: unknown) => unknown

export interface SendOptions {
  readonly foreignKeyOf: ForeignKeyOf
  readonly keySerde: AnySerde
  readonly valueSerde: AnySerde
  readonly foreignKeySerde: AnySerde
  readonly isLeft: boolean
  readonly unanswered: PerTask<Unanswered>
}

/**
 * The rows' side of a join by foreign key (KIP-213): an update tells the partition of its foreign key where it points
 * now, and that of the former one that it no longer does. Both are told the hash of the row's value: answers may
 * come in another order than questions were asked, and only those to the row's present value count.
 */
export function subscriptionSendOperator(options: SendOptions): CreateProcessor {
  const { foreignKeyOf, keySerde, valueSerde, foreignKeySerde, isLeft } = options
  return ({ node, taskId, context, forward, drop, observedTime }) => {
    const out = new FlowRecord()
    const unanswered = options.unanswered(context)
    // Committed with the offsets: a task that is not new, or whose transaction was aborted, finds another time than it left.
    const time = observedTime()
    let lastTime = -1
    const pointedAt = (value: unknown, key: unknown): unknown =>
      value === null ? null : (settled(foreignKeyOf(value, key), node) ?? null)
    const isSame = (a: unknown, b: unknown): boolean =>
      a === b ||
      (a !== null && b !== null && asBuffer(foreignKeySerde.serialize(a)).equals(foreignKeySerde.serialize(b)))
    return {
      process(record) {
        if (!record.hasKey) return drop('null-key')
        if (!record.isLatest) return drop('late')
        const { key, value, oldValue, timestamp } = record
        if (time.value !== lastTime) unanswered.mayHaveMore = true
        lastTime = time.value = Math.max(time.value, timestamp)
        if (value === null && oldValue === null) return
        const before = pointedAt(oldValue, key)
        const now = pointedAt(value, key)
        // Never the bytes that the value came in: the other side hashes what it reads back, written anew.
        const hash = value === null ? null : murmur3(asBuffer(valueSerde.serialize(value)))
        const primaryKey = asBuffer(record.keyBytesUnder(keySerde) ?? keySerde.serialize(key))
        const tell = (foreignKey: unknown, told: Instruction): void => {
          out.setKey(foreignKey)
          out.setValue(subscription({ hash, instruction: told, primaryKey, primaryPartition: taskId.partition }))
          out.timestamp = timestamp
          forward(out)
        }
        if (isLeft) {
          if (before !== null && !isSame(before, now)) tell(before, instruction.deleteQuietly)
          return tell(now, instruction.tellAlways)
        }
        if (value !== null && now === null) drop('null-foreign-key')
        if (now === null) {
          if (before === null) return
          unanswered.note(primaryKey, hash)
          return tell(before, instruction.deleteAndTell)
        }
        const moves = before !== null && !isSame(before, now)
        if (moves) tell(before, instruction.deleteQuietly)
        if (!moves && !unanswered.mayBe(primaryKey)) return tell(now, instruction.tellIfFound)
        // What the former row made must be taken back where there is no new one: in inner joins too.
        unanswered.note(primaryKey, hash)
        tell(now, instruction.tellAlways)
      },
    }
  }
}

/** The foreign side: notes who points at which key, for the day that its row changes. */
export function subscriptionReceiveOperator(storeName: string, foreignKeySerde: AnySerde): CreateProcessor {
  return ({ forward, drop, store }) => {
    const state = store<SubscriptionStore>(storeName)
    const out = new FlowRecord()
    return {
      process(record) {
        const told = record.value as Subscription
        if (!record.hasKey && told.instruction !== instruction.tellAlways) return drop('null-key')
        out.keyFrom(record)
        out.setValue(told)
        out.oldValue = null
        out.timestamp = record.timestamp
        if (record.hasKey) {
          const foreignKey = record.keyBytesUnder(foreignKeySerde) ?? foreignKeySerde.serialize(record.key)
          const isDeletion =
            told.instruction === instruction.deleteQuietly || told.instruction === instruction.deleteAndTell
          const key = combinedKey(foreignKey, told.primaryKey)
          out.oldValue = state.get(key) ?? null
          state.put(key, isDeletion ? null : told, record.timestamp)
        }
        forward(out)
      },
    }
  }
}

interface ForeignOptions {
  readonly keySerde: AnySerde
  readonly foreignKeySerde: AnySerde
  readonly gone: PerTask<GoneRows>
}

/** Answers a subscription with the row as it is. */
export function subscriptionJoinOperator(options: ForeignOptions & { readonly foreign: TableLookup }): CreateProcessor {
  const { foreign, keySerde, foreignKeySerde } = options
  return (setup) => {
    const { context, forward, observedTime } = setup
    const lookup = foreign.open(setup)
    const gone = options.gone(context)
    const out = new FlowRecord()
    const time = observedTime()
    let lastTime = -1
    const mayBeWaiting = (record: FlowRecord): boolean =>
      record.oldValue !== null &&
      gone.mayBe(record.keyBytesUnder(foreignKeySerde) ?? foreignKeySerde.serialize(record.key))
    return {
      process(record) {
        const told = record.value as Subscription
        if (time.value !== lastTime) gone.mayHaveMore = true
        lastTime = time.value = Math.max(time.value, record.timestamp)
        if (told.instruction === instruction.deleteQuietly) return
        const row = record.hasKey ? lookup(record.key) : undefined
        if (row === undefined && told.instruction === instruction.tellIfFound && !mayBeWaiting(record)) return
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
export function foreignTableOperator(options: ForeignOptions & { readonly storeName: string }): CreateProcessor {
  const { storeName, keySerde, foreignKeySerde } = options
  return ({ context, forward, drop, store }) => {
    const state = store<SubscriptionStore>(storeName)
    const gone = options.gone(context)
    const out = new FlowRecord()
    return {
      process(record) {
        if (!record.hasKey) return drop('null-key')
        if (!record.isLatest) return drop('late')
        const foreignKey = record.keyBytesUnder(foreignKeySerde) ?? foreignKeySerde.serialize(record.key)
        const prefix = foreignKeyPrefix(foreignKey)
        const { value, timestamp } = record
        if (value !== null) gone.isThere(foreignKey)
        for (const [combined, stored] of state.bytes.range({ from: prefix, to: behindPrefix(prefix) })) {
          const primaryKey = Buffer.from(combined.subarray(prefix.length))
          const told = state.read(stored)
          if (value === null) gone.note(foreignKey)
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
  readonly unanswered: PerTask<Unanswered>
}

/**
 * Back on the rows' side: an answer to the value that the row has now makes a result; others have been overtaken. One
 * that takes a result back counts all the same where the row points nowhere now: nobody else would take it back.
 */
export function responseJoinOperator(options: ResolveOptions): CreateProcessor {
  const { primary, valueSerde, joiner, isLeft, keySerde, foreignKeyOf } = options
  return (setup) => {
    const { node, context, forward, drop } = setup
    const unanswered = options.unanswered(context)
    const lookup = primary.open(setup)
    const out = new FlowRecord()
    return {
      process(record) {
        const { hash, foreignValue } = record.value as SubscriptionResponse
        const found = lookup(record.key)
        const row = found === undefined ? null : found.value
        const current = row === null ? null : murmur3(asBuffer(valueSerde.serialize(row)))
        const isCurrent = hash === null || current === null ? hash === current : hash.equals(current)
        if (!isLeft) {
          unanswered.answered(record.keyBytesUnder(keySerde) ?? keySerde.serialize(record.key), hash)
        }
        if (!isCurrent) drop('overtaken')
        const pointsNowhere = (): boolean => row === null || (foreignKeyOf(row, record.key) ?? null) === null
        if (!isCurrent && (isLeft || foreignValue !== null || !pointsNowhere())) return
        const isNothing = foreignValue === null && (!isLeft || row === null)
        out.keyFrom(record)
        out.setValue(isNothing ? null : (settled(joiner(row, foreignValue, record.key), node) ?? null))
        out.oldValue = null
        out.timestamp = record.timestamp
        forward(out)
      },
    }
  }
}
