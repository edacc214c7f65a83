/** What can be wrong with a history; the names follow Jepsen's Kafka workload where it has one. */
export const anomalyKinds = [
  /** An acknowledged or committed write is not in the log. */
  'lost-write',
  /** One value stands at two offsets. */
  'duplicate',
  /** One offset has two values. */
  'inconsistent-offsets',
  /** A record of a transaction that did not commit was read as committed (G1a). */
  'aborted-read',
  /** A record was read as committed before its transaction was asked to commit. */
  'dirty-read',
  /** A part of a transaction is visible and a part is not. */
  'torn-transaction',
  /** Committed transactions that read from each other in a circle (G1c). */
  'circular-reads',
  /** What one producer sent to one partition later stands before what it sent earlier. */
  'wrong-order',
  /** The offsets that one producer was told do not rise: within a transaction, or from one to the next. */
  'internal-nonmonotonic-send',
  'nonmonotonic-send',
  /** Offsets of one poll do not rise; a poll begins before the one before ended. */
  'internal-nonmonotonic-poll',
  'nonmonotonic-poll',
  /** A record between two that one poll returned, or between two polls, was left out. */
  'internal-poll-skip',
  'poll-skip',
  /** A group has committed an offset behind records that no member ever got. */
  'unseen',
  /** Committed offsets are behind what was acknowledged before. */
  'offsets-backwards',
  /** A group's committed offset was never committed, or in a transaction that did not commit. */
  'aborted-offsets',
  /** A record was processed twice, or its offset was committed without its result. */
  'processed-twice',
  'processed-never',
  /** The last stable offset was behind a transaction that was open still. */
  'stable-past-open',
  /** High watermark, last stable offset or log start went back. */
  'watermark-backwards',
  /** A producer did something after its successor had begun. */
  'zombie-write',
  /** A transaction stays open although everyone who could end it is gone. */
  'hanging-transaction',
] as const

export type AnomalyKind = (typeof anomalyKinds)[number]

export interface Anomaly {
  readonly kind: AnomalyKind
  /** The fewest facts that contradict each other. */
  readonly witness: string
}
