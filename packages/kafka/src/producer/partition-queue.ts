import type { ProducerBatch } from './batch.ts'
import type { ProducerIdentity } from './types.ts'

/** Sequence numbers wrap around within int32, as brokers expect. */
export function addSequence(sequence: number, count: number): number {
  const sum = sequence + count
  return sum > 0x7fffffff ? sum - 0x80000000 : sum
}

/**
 * The batches of one partition in order, and the producer id, epoch and next sequence they are stamped with.
 *
 * Invariants: (1) batches are sent in the order they were queued; (2) a batch keeps its sequence through every retry,
 * so that the broker recognises it, until it is certain that no attempt was written; (3) a repeated batch travels
 * alone; (4) a new epoch begins with sequence 0 and only when nothing stamped with the old one is unresolved.
 */
export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  /** Waiting, oldest first; only the last one may still be open. */
  readonly waiting: ProducerBatch[] = []
  readonly inFlight: ProducerBatch[] = []
  /** Not before this moment, after a failed attempt. */
  retryAtMs = 0
  failures = 0
  /** Where the batches in flight went. */
  node = -1
  /** A sequence was used up by a batch that was not written: the epoch must rise before anything is sent. */
  broken = false
  #identity: ProducerIdentity | undefined
  #nextSequence = 0

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  get isIdle(): boolean {
    return this.waiting.length === 0 && this.inFlight.length === 0
  }

  /** The batch that takes further records, if there is one. */
  open(): ProducerBatch | undefined {
    const last = this.waiting.at(-1)
    return last?.closed === false ? last : undefined
  }

  /** The batch to send now, or undefined. */
  sendable(nowMs: number, maxInFlight: number): ProducerBatch | undefined {
    const head = this.waiting[0]
    if (head === undefined || this.retryAtMs > nowMs) return undefined
    if (this.broken) return undefined
    if (head.attempts > 0) return this.inFlight.length === 0 ? head : undefined
    if (this.inFlight.length >= maxInFlight) return undefined
    return head.closed || head.readyMs <= nowMs ? head : undefined
  }

  /** Stamps the head for sending; false when it must wait for older batches to be resolved first. */
  stamp(head: ProducerBatch, current: ProducerIdentity | undefined, transactional: boolean): boolean {
    if (head.bytes !== undefined) return true
    if (current === undefined) {
      head.stamp(undefined, -1, transactional)
      return true
    }
    if (!sameIdentity(this.#identity, current)) {
      if (this.inFlight.length > 0) return false
      this.#identity = current
      this.#nextSequence = 0
    }
    head.stamp(current, this.#nextSequence, transactional)
    this.#nextSequence = addSequence(this.#nextSequence, head.builder.count)
    return true
  }

  /**
   * Whether a batch may go to this node now. After a change of leader the old one's answers come first: a new leader
   * that has never heard of the producer would take a later sequence for its first.
   */
  mayGoTo(node: number): boolean {
    return this.inFlight.length === 0 || this.node === node
  }

  sent(batch: ProducerBatch, node: number): void {
    this.node = node
    this.waiting.splice(this.waiting.indexOf(batch), 1)
    this.inFlight.push(batch)
    batch.attempts += 1
  }

  /** Takes an answered batch out of the ones in flight. */
  answered(batch: ProducerBatch): void {
    this.inFlight.splice(this.inFlight.indexOf(batch), 1)
  }

  /** Puts a batch back where it was: in front of everything that was sent or queued after it. */
  requeue(batch: ProducerBatch, retryAtMs: number): void {
    const at = this.waiting.findIndex((other) => other.bytes === undefined || isAfter(other, batch))
    this.waiting.splice(at < 0 ? this.waiting.length : at, 0, batch)
    this.retryAtMs = Math.max(this.retryAtMs, retryAtMs)
  }

  /** True when something older than the batch is unresolved, which explains OUT_OF_ORDER_SEQUENCE_NUMBER. */
  hasOlderThan(batch: ProducerBatch): boolean {
    return [...this.waiting, ...this.inFlight].some((other) => other.bytes !== undefined && isAfter(batch, other))
  }

  /** Unstamps what waits, so that it is stamped with the next epoch from sequence 0 on. */
  restamp(): void {
    this.broken = false
    this.#identity = undefined
    for (const batch of this.waiting) {
      batch.bytes = undefined
      batch.attempts = 0
    }
  }
}

function sameIdentity(a: ProducerIdentity | undefined, b: ProducerIdentity): boolean {
  return a?.producerId === b.producerId && a.producerEpoch === b.producerEpoch
}

/** Whether `a` was stamped after `b`; at most a few batches apart, so the shorter way round tells. */
function isAfter(a: ProducerBatch, b: ProducerBatch): boolean {
  const distance = (a.baseSequence - b.baseSequence + 0x80000000) % 0x80000000
  return distance > 0 && distance < 0x40000000
}
