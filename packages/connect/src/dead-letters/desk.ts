import { randomUUID } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { type Clock, isMillraceError, sleep, systemClock } from '@millrace/base'
import {
  isDeadLetterHeader,
  isRedriveHeader,
  readRedrive,
  redriveHeaders,
  truncatedHeader,
} from '@millrace/base/internal'
import type { ConsumedRecord, KafkaClient, Producer, ProducerRecord } from '@millrace/kafka'
import { connectError } from '../errors.ts'
import { ensureTopics } from '../runtime/topics.ts'
import { type AuditEntry, auditTopic } from './audit.ts'
import { editedHeader, type Letter, LetterBox, originOf, rekeyedHeader } from './letters.ts'
import type { SelectedLetter } from './selection.ts'
import type { SuccessorMap } from './successors.ts'

/** One transaction takes at most so many letters, and so many bytes of them. */
const chunkLetters = 500
const chunkBytes = 4 * 1024 * 1024
/** Letters are read anew in rounds of so many bytes: scattered ones would otherwise be searched for again and again. */
const roundBytes = 64 * 1024 * 1024
const commitAttempts = 5
/** How long what was committed may take until readers see it; another's open transaction can hold it back for longer. */
const visibleTimeoutMs = 2_000
const visiblePollMs = 10
/** What a producer is told whose transactional id a younger one has taken. */
const fencedCodes = new Set(['KAFKA_FENCED', 'KAFKA_INVALID_PRODUCER_EPOCH', 'KAFKA_PRODUCER_FENCED'])

export interface RedriveOptions {
  /** Default: the topic that each letter came from. */
  readonly to?: string
  /** Every reader of the topic gets the record, not only the application that gave it up. */
  readonly forAll?: boolean
  /** Letters per second; no limit by default. */
  readonly rate?: number
  readonly successors?: SuccessorMap
  readonly clock: Clock
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number) => void
}

/** What an edit changes; what is not given stays. */
export interface LetterEdit {
  readonly key?: Buffer | null
  readonly value?: Buffer | null
  readonly headers?: Readonly<Record<string, string>>
  readonly withoutHeaders?: readonly string[]
}

interface Done {
  readonly letter: Letter
  readonly entry: Pick<AuditEntry, 'action'> & Partial<AuditEntry>
  /** What goes out with the entry. */
  readonly record?: ProducerRecord
}

/**
 * The place from which letters go back, in one Kafka transaction with the line of the audit trail that says so: a letter
 * whose line is committed has gone, and any other has not, whenever the process dies. One desk at a time works on a
 * topic: the newest fences the others, and reads what they have done before it begins.
 */
export class Desk implements AsyncDisposable {
  readonly box: LetterBox
  readonly #client: KafkaClient
  readonly #producer: Producer
  readonly #by: string
  readonly #run = randomUUID()
  /** Where the last record that was committed lies, by partition. */
  readonly #written = new Map<string, { topic: string; partition: number; offset: number }>()

  private constructor(client: KafkaClient, box: LetterBox, producer: Producer, by: string) {
    this.#client = client
    this.box = box
    this.#producer = producer
    this.#by = by
  }

  /** @param by who; default: user and machine */
  static async open(client: KafkaClient, topic: string, by = whoIAm()): Promise<Desk> {
    const config = { 'cleanup.policy': 'delete', 'retention.ms': '-1' }
    await ensureTopics(client, [{ name: auditTopic(topic), partitions: 1, config }])
    const producer = client.producer({ transactionalId: `millrace-dlq-${topic}` })
    try {
      // First this, then the trail: it ends what another desk has begun, so that nothing is written after we have read.
      await producer.init()
      return new Desk(client, await LetterBox.open(client, topic), producer, by)
    } catch (error) {
      await producer.close()
      throw error
    }
  }

  /** Sends letters back in the given order. Returns how many; what was not sent by an error or the signal stays open. */
  async redrive(selected: readonly SelectedLetter[], options: RedriveOptions): Promise<number> {
    const partitions = await this.#targets(selected, options.to)
    const startedMs = options.clock.now()
    let done = 0
    const most = options.rate === undefined ? chunkLetters : Math.max(1, Math.min(chunkLetters, options.rate / 2))
    for await (const letters of this.#chunks(selected, Math.floor(most))) {
      if (options.signal?.aborted) break
      await this.#commit(letters.map((letter) => redriven(letter, options, partitions)))
      done += letters.length
      options.onProgress?.(done)
      const dueMs = options.rate === undefined ? 0 : startedMs + (done / options.rate) * 1_000 - options.clock.now()
      if (dueMs > 0 && done < selected.length) await sleep(options.clock, dueMs, options.signal).catch(() => {})
    }
    await this.#visible()
    return done
  }

  /** Puts a changed copy in the place of an open letter and returns where it lies. */
  async edit(letter: Letter, edit: LetterEdit): Promise<{ partition: number; offset: number }> {
    const { record } = letter
    const removed = new Set([...(edit.withoutHeaders ?? []), ...Object.keys(edit.headers ?? {}), editedHeader])
    if (edit.value !== undefined) removed.add(truncatedHeader)
    const added = {
      ...edit.headers,
      [editedHeader]: `${record.partition}:${record.offset}`,
      ...(edit.key !== undefined && { [rekeyedHeader]: 'true' }),
    }
    const changed = [
      ...(edit.key === undefined ? [] : ['key']),
      ...(edit.value === undefined ? [] : ['value']),
      ...[...(edit.withoutHeaders ?? []), ...Object.keys(edit.headers ?? {})].map((name) => `header ${name}`),
    ]
    const copy: ProducerRecord = {
      topic: this.box.topic,
      partition: record.partition,
      key: edit.key === undefined ? record.key : edit.key,
      value: edit.value === undefined ? record.value : edit.value,
      timestamp: record.timestamp,
      headers: [
        ...record.headers.filter(({ key }) => !removed.has(key)),
        ...Object.entries(added).map(([key, value]) => ({ key, value: Buffer.from(value) })),
      ],
    }
    const [position] = await this.#commit([{ letter, entry: { action: 'edit', changed }, record: copy }])
    await this.#visible()
    return position!
  }

  /** Notes that letters need nothing any more. */
  async discard(selected: readonly SelectedLetter[], reason: string | undefined): Promise<number> {
    let done = 0
    for await (const letters of this.#chunks(selected, chunkLetters)) {
      await this.#commit(
        letters.map((letter) => ({ letter, entry: { action: 'discard', ...(reason !== undefined && { reason }) } })),
      )
      done += letters.length
    }
    await this.#visible()
    return done
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#producer.close()
  }

  /** An open letter. @throws DEAD_LETTER_NOT_OPEN */
  async letter(at: { readonly partition: number; readonly offset: number }): Promise<Letter> {
    for await (const letter of this.box.letters()) {
      if (letter.record.partition !== at.partition || letter.record.offset !== at.offset) continue
      if (letter.state === 'open') return letter
      throw connectError('DEAD_LETTER_NOT_OPEN', `the letter at ${at.partition}:${at.offset} is ${letter.state}`, at)
    }
    throw connectError('DEAD_LETTER_NOT_OPEN', `${this.box.topic} has no letter at ${at.partition}:${at.offset}`, at)
  }

  /** The letters in their order, as many at a time as one transaction takes. */
  async *#chunks(selected: readonly SelectedLetter[], most: number): AsyncGenerator<Letter[]> {
    for (const round of split(selected, Number.POSITIVE_INFINITY, roundBytes)) {
      const letters = await this.#fetch(round)
      const bytes = new Map(round.map((letter) => [`${letter.partition}:${letter.offset}`, letter.bytes]))
      const sized = letters.map((letter) => {
        const { partition, offset } = letter.record
        return { letter, bytes: bytes.get(`${partition}:${offset}`) ?? 0 }
      })
      for (const chunk of split(sized, most, chunkBytes)) yield chunk.map(({ letter }) => letter)
    }
  }

  /** The letters of a round, in its order. */
  async #fetch(chunk: readonly SelectedLetter[]): Promise<Letter[]> {
    const found = new Map<string, Letter>()
    for (const [partition, wanted] of Map.groupBy(chunk, (letter) => letter.partition)) {
      const offsets = new Set(wanted.map(({ offset }) => offset))
      const first = Math.min(...offsets)
      const last = Math.max(...offsets)
      for await (const letter of this.box.letters({ partition, offset: first })) {
        if (offsets.has(letter.record.offset)) found.set(`${partition}:${letter.record.offset}`, letter)
        if (letter.record.offset >= last) break
      }
    }
    return chunk.flatMap(({ partition, offset }) => found.get(`${partition}:${offset}`) ?? [])
  }

  /** How many partitions each target has. @throws DEAD_LETTER_NO_TARGET */
  async #targets(selected: readonly SelectedLetter[], to: string | undefined): Promise<ReadonlyMap<string, number>> {
    const names = new Set(to === undefined ? selected.map(({ firstOrigin }) => firstOrigin.topic) : [to])
    const known = new Set((await this.#client.admin.listTopics({ internal: true })).map(({ name }) => name))
    for (const name of names) {
      if (known.has(name) && name !== this.box.topic) continue
      const message =
        name === this.box.topic
          ? 'letters without an envelope do not say where they came from'
          : `there is no topic "${name}" that letters could go back to`
      throw connectError('DEAD_LETTER_NO_TARGET', message, { topic: name })
    }
    const described = names.size === 0 ? [] : await this.#client.admin.describeTopics([...names])
    return new Map(described.map(({ name, partitions }) => [name, partitions.length]))
  }

  /** One transaction: the records, and what was done with which letter. */
  async #commit(done: readonly Done[]): Promise<{ partition: number; offset: number }[]> {
    const producer = this.#producer
    const at = new Date().toISOString()
    try {
      producer.begin()
      // All are handed over before any is awaited: those of one partition are written in this order.
      const sent = done.map(({ record }) => record && producer.send(record))
      const positions = await Promise.all(sent)
      const lines = done.map(({ letter, entry, record }, index) => {
        const to = record && { topic: record.topic, ...positions[index]! }
        return producer.send(this.#line({ letter, entry: { ...entry, ...(to && { to }) } }, at))
      })
      const noted = await Promise.all(lines)
      await commitSurely(producer)
      for (const [index, { record }] of done.entries()) if (record) this.#note(record.topic, positions[index]!)
      this.#note(auditTopic(this.box.topic), noted.at(-1))
      return positions.map((position) => position ?? { partition: -1, offset: -1 })
    } catch (error) {
      await producer.abort().catch(() => {})
      if (isMillraceError(error) && fencedCodes.has(error.code)) {
        throw connectError('DEAD_LETTER_DESK_TAKEN', `another desk works on ${this.box.topic}`, {}, error)
      }
      throw error
    }
  }

  #note(topic: string, at: { readonly partition: number; readonly offset: number } | undefined): void {
    if (at) this.#written.set(`${topic}/${at.partition}`, { topic, ...at })
  }

  /** A cluster confirms a commit before readers see it: whoever looks after this does. */
  async #visible(): Promise<void> {
    const deadlineMs = systemClock.now() + visibleTimeoutMs
    while (this.#written.size > 0) {
      const asked = [...this.#written.values()].map(({ topic, partition }) => ({
        topic,
        partition,
        at: 'latest' as const,
      }))
      for (const { topic, partition, offset } of await this.#client.admin.listOffsets(asked, {
        isolation: 'read_committed',
      })) {
        const place = `${topic}/${partition}`
        if (offset > (this.#written.get(place)?.offset ?? 0)) this.#written.delete(place)
      }
      if (this.#written.size === 0 || systemClock.now() > deadlineMs) return
      await sleep(systemClock, visiblePollMs)
    }
  }

  #line({ letter, entry }: Pick<Done, 'letter' | 'entry'>, at: string): ProducerRecord {
    const { partition, offset } = letter.record
    const { topicId } = this.box
    const line: AuditEntry = {
      version: 1,
      at,
      by: this.#by,
      run: this.#run,
      letter: { topicId, partition, offset },
      origin: letter.firstOrigin,
      application: letter.cause.application,
      cause: letter.cause.id,
      ...entry,
    }
    const key = Buffer.from(`${partition}:${offset}`)
    return { topic: auditTopic(this.box.topic), partition: 0, key, value: Buffer.from(JSON.stringify(line)) }
  }
}

function whoIAm(): string {
  // A container's user need not have a name.
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    return `${process.getuid?.() ?? 'unknown'}@${hostname()}`
  }
}

/** A commit whose answer is lost has happened or not; the next one finds out. */
async function commitSurely(producer: Producer): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await producer.commit()
    } catch (error) {
      if (attempt >= commitAttempts || !isMillraceError(error) || error.code !== 'KAFKA_TIMEOUT') throw error
    }
  }
}

/** Cuts a list into pieces of at most so many items and so many bytes, of one item at least. */
function* split<T extends { readonly bytes: number }>(
  items: readonly T[],
  most: number,
  mostBytes: number,
): Generator<T[]> {
  let piece: T[] = []
  let bytes = 0
  for (const item of items) {
    if (piece.length > 0 && (piece.length >= most || bytes + item.bytes > mostBytes)) {
      yield piece
      piece = []
      bytes = 0
    }
    piece.push(item)
    bytes += item.bytes
  }
  if (piece.length > 0) yield piece
}

/**
 * The record as it was, without the envelope. It goes to the partition that it came from: a repartition topic is
 * partitioned as its writer saw fit, and records of a key stay in line. An edited key goes where its hash says.
 */
function redriven(letter: Letter, options: RedriveOptions, partitions: ReadonlyMap<string, number>): Done {
  const { record, firstOrigin, cause } = letter
  if (record.headers.some(({ key }) => key === truncatedHeader)) {
    const at = `${record.partition}:${record.offset}`
    // Without its value it would be a tombstone.
    throw connectError('DEAD_LETTER_WITHOUT_VALUE', `the letter ${at} of ${record.topic} is without its value`, {
      letter: at,
    })
  }
  const topic = options.to ?? firstOrigin.topic
  const goesHome = topic === firstOrigin.topic
  const isRekeyed = record.headers.some(({ key }) => key === rekeyedHeader)
  const fits = goesHome && firstOrigin.partition >= 0 && firstOrigin.partition < (partitions.get(topic) ?? 0)
  const origin = originOf(letter)
  const application = goesHome && !options.forAll ? cause.application : ''
  const count = (readRedrive(record.headers, letter.envelope?.topic ?? record.topic)?.count ?? 0) + 1
  const applied = options.successors?.get(`${record.partition}:${record.offset}`)?.applied
  return {
    letter,
    entry: { action: 'redrive', ...(applied !== undefined && { appliedSuccessors: applied }) },
    record: {
      topic,
      ...(fits && !isRekeyed && { partition: firstOrigin.partition }),
      key: record.key,
      value: record.value,
      timestamp: record.timestamp,
      headers: [...ownHeaders(record), ...redriveHeaders({ topic, origin, application, count })],
    },
  }
}

function ownHeaders({ headers }: ConsumedRecord): ConsumedRecord['headers'] {
  return headers.filter(({ key }) => !isDeadLetterHeader(key) && !isRedriveHeader(key))
}
