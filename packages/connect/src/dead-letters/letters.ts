import {
  type DeadLetter,
  deadLetterId,
  originText,
  parseOrigin,
  readDeadLetter,
  readRedrive,
} from '@millrace/base/internal'
import { type ConsumedRecord, type KafkaClient, scanTopic } from '@millrace/kafka'
import { type AuditAction, type AuditEntry, readAudit } from './audit.ts'
import { causeOf, type DeadLetterCause } from './cause.ts'

/**
 * - `open`: nobody has done anything about it;
 * - `duplicate`: a process that died wrote the same letter twice, and this is the second one;
 * - `redriven`, `edited` (a changed copy took its place), `discarded`.
 */
export type LetterState = 'open' | 'duplicate' | 'redriven' | 'edited' | 'discarded'

/** A letter of a dead-letter topic. */
export interface Letter {
  readonly record: ConsumedRecord
  /** Undefined where the record carries no envelope that we know. */
  readonly envelope: DeadLetter | undefined
  readonly cause: DeadLetterCause
  readonly state: LetterState
  /** Where it goes back to, and which place its event has in the order of its key. */
  readonly firstOrigin: { readonly topic: string; readonly partition: number; readonly offset: number }
}

const stateAfter: Record<AuditAction, LetterState> = { redrive: 'redriven', edit: 'edited', discard: 'discarded' }
/** The position of the letter that a changed copy stands for. */
export const editedHeader = '__millrace.redrive.edited'
/** The copy has another key, and may belong to another partition. */
export const rekeyedHeader = '__millrace.redrive.rekeyed'

/** The letters of one topic with what has become of them. */
export class LetterBox {
  readonly topic: string
  readonly topicId: string
  readonly partitions: number
  readonly #client: KafkaClient
  readonly #entries = new Map<string, AuditEntry[]>()

  private constructor(client: KafkaClient, topic: string, topicId: string, partitions: number) {
    this.#client = client
    this.topic = topic
    this.topicId = topicId
    this.partitions = partitions
  }

  /** Fails with KAFKA_UNKNOWN_TOPIC_OR_PARTITION when there is no such topic. */
  static async open(client: KafkaClient, topic: string): Promise<LetterBox> {
    const [described] = await client.admin.describeTopics([topic])
    const box = new LetterBox(client, topic, described!.topicId, described!.partitions.length)
    for (const entry of await readAudit(client, topic)) {
      // Of an older topic with this name, whose offsets say nothing about the letters of this one.
      if (entry.letter.topicId !== box.topicId) continue
      const place = `${entry.letter.partition}:${entry.letter.offset}`
      const list = box.#entries.get(place)
      if (list) list.push(entry)
      else box.#entries.set(place, [entry])
    }
    return box
  }

  /** What was done with a letter, oldest first. */
  history(partition: number, offset: number): readonly AuditEntry[] {
    return this.#entries.get(`${partition}:${offset}`) ?? []
  }

  /** All letters, in order within a partition. */
  async *letters(at?: { readonly partition: number; readonly offset: number }): AsyncGenerator<Letter> {
    const seen = new Set<string>()
    for await (const record of scanTopic(this.#client, { topic: this.topic, ...(at && { at }) })) {
      yield this.#letterOf(record, seen)
    }
  }

  #letterOf(record: ConsumedRecord, seen: Set<string>): Letter {
    const envelope = readDeadLetter(record.headers)
    const done = this.history(record.partition, record.offset).at(-1)
    // Two letters of one failure are written by what has no transaction with Kafka; without an offset nothing tells.
    const isEdited = record.headers.some(({ key }) => key === editedHeader)
    const id =
      envelope && envelope.offset >= 0 && !isEdited ? `${deadLetterId(envelope)}@${record.timestamp}` : undefined
    const isDuplicate = id !== undefined && seen.has(id)
    if (id !== undefined) seen.add(id)
    const state = done ? stateAfter[done.action] : isDuplicate ? 'duplicate' : 'open'
    return { record, envelope, cause: causeOf(envelope), state, firstOrigin: firstOriginOf(record, envelope) }
  }
}

/** The name under which the event of a letter has been known since it was new. */
export function originOf({ record, envelope }: Pick<Letter, 'record' | 'envelope'>): string {
  const before = readRedrive(record.headers, envelope?.topic ?? record.topic)?.origin
  if (before !== undefined) return before
  const { topic, partition, offset } = envelope && envelope.offset >= 0 ? envelope : record
  return originText({ topic, partition, offset, timestamp: record.timestamp })
}

/**
 * Where the record came from, at the offset of the event when it was new: before it came back the first time, where that
 * was in the same partition.
 */
function firstOriginOf(record: ConsumedRecord, envelope: DeadLetter | undefined): Letter['firstOrigin'] {
  if (!envelope?.topic) return record
  const { topic, partition, offset } = envelope
  const first = parseOrigin(originOf({ record, envelope }))
  if (first?.topic === topic && first.partition === partition) return first
  // What a source could not place has no offset; its letters are in order.
  return { topic, partition, offset: offset < 0 ? record.offset : offset }
}
