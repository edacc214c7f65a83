import { ErrorCode } from '@millrace/protocol'
import {
  hasPartition,
  isEpochExhausted,
  maxEpoch,
  noEpoch,
  noPartitions,
  noProducerId,
  type TopicPartition,
  type Transaction,
  withPartitions,
} from './transaction.ts'
import { type TransactionEvent, type TransactionStep, transactionTable } from './transaction-state.ts'

export interface ProducerIdAndEpoch {
  readonly producerId: number
  readonly producerEpoch: number
}

/** What a request leads to: an error, nothing to write, or the next record of this transactional id. */
export type Decision =
  | { readonly kind: 'error'; readonly code: number }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'next'; readonly next: Transaction }

const unchanged: Decision = { kind: 'unchanged' }

function error(code: number): Decision {
  return { kind: 'error', code }
}

const stepErrors = {
  busy: ErrorCode.CONCURRENT_TRANSACTIONS,
  invalid: ErrorCode.INVALID_TXN_STATE,
  fenced: ErrorCode.PRODUCER_FENCED,
  // A removed transactional id is looked up anew and not found; seeing one here is the same to the client.
  never: ErrorCode.INVALID_PRODUCER_ID_MAPPING,
} as const

/** A transactional id nobody has used yet, or one that expired. */
export function newTransaction(transactionalId: string, producerId: number): Transaction {
  return {
    transactionalId,
    producerId,
    previousProducerId: noProducerId,
    nextProducerId: noProducerId,
    producerEpoch: noEpoch,
    lastProducerEpoch: noEpoch,
    timeoutMs: 0,
    state: 'Empty',
    partitions: noPartitions,
    startMs: -1,
    updatedMs: -1,
    clientVersion: 0,
  }
}

export interface InitRequest {
  readonly timeoutMs: number
  /** What the client had before, when it asks for a new epoch of the same session (KIP-360). */
  readonly expected: ProducerIdAndEpoch | undefined
  readonly nowMs: number
  readonly allocateProducerId: () => number
}

/** InitProducerId: `abortFirst` when a predecessor's transaction is open and must be ended by `fence` before. */
export function decideInit(current: Transaction, request: InitRequest): Decision | { readonly kind: 'abortFirst' } {
  const { expected } = request
  if (expected && !ownsProducerId(current, expected)) return error(ErrorCode.PRODUCER_FENCED)
  const step = transactionTable[current.state].init
  if (step === 'abortFirst') {
    // A producer that is itself fenced must not end its successor's transaction.
    if (expected && !mayBump(current, expected)) return error(ErrorCode.PRODUCER_FENCED)
    return { kind: 'abortFirst' }
  }
  if (step !== 'Empty') return error(stepErrors[step as keyof typeof stepErrors])
  const fresh = {
    ...current,
    state: step,
    timeoutMs: request.timeoutMs,
    partitions: noPartitions,
    startMs: -1,
    updatedMs: request.nowMs,
  } as const
  const isFirst = current.producerEpoch === noEpoch
  const isRetry = !isFirst && expected !== undefined && expected.producerEpoch !== current.producerEpoch
  if (isRetry) {
    // The answer to the first try was lost; the client gets the same one again.
    if (expected.producerEpoch === current.lastProducerEpoch) return { kind: 'next', next: fresh }
    return error(ErrorCode.PRODUCER_FENCED)
  }
  if (isEpochExhausted(current.producerEpoch)) {
    return {
      kind: 'next',
      next: {
        ...fresh,
        producerId: request.allocateProducerId(),
        previousProducerId: current.producerId,
        producerEpoch: 0,
        lastProducerEpoch: expected ? current.producerEpoch : noEpoch,
      },
    }
  }
  return {
    kind: 'next',
    next: {
      ...fresh,
      producerEpoch: current.producerEpoch + 1,
      lastProducerEpoch: expected && !isFirst ? current.producerEpoch : noEpoch,
    },
  }
}

function ownsProducerId(current: Transaction, expected: ProducerIdAndEpoch): boolean {
  return (
    current.producerEpoch === noEpoch ||
    expected.producerId === current.producerId ||
    (expected.producerId === current.previousProducerId && isEpochExhausted(expected.producerEpoch))
  )
}

function mayBump(current: Transaction, expected: ProducerIdAndEpoch): boolean {
  return (
    expected.producerId === current.producerId &&
    (expected.producerEpoch === current.producerEpoch || expected.producerEpoch === current.lastProducerEpoch)
  )
}

/** Whether the producer is the one that the transactional id belongs to now; an error code if not. */
function checkOwner(current: Transaction | undefined, producer: ProducerIdAndEpoch): number {
  if (!current || current.producerId !== producer.producerId) return ErrorCode.INVALID_PRODUCER_ID_MAPPING
  if (current.producerEpoch !== producer.producerEpoch) return ErrorCode.PRODUCER_FENCED
  return ErrorCode.NONE
}

export interface AddRequest {
  readonly producer: ProducerIdAndEpoch
  readonly partitions: readonly TopicPartition[]
  readonly clientVersion: number
  readonly nowMs: number
}

/** AddPartitionsToTxn, AddOffsetsToTxn, and what Produce v12 and TxnOffsetCommit v5 imply. */
export function decideAdd(current: Transaction | undefined, request: AddRequest): Decision {
  const code = checkOwner(current, request.producer)
  if (!current || code !== ErrorCode.NONE) return error(code)
  const step = transactionTable[current.state].addPartitions
  if (step !== 'Ongoing') return error(stepErrors[step as keyof typeof stepErrors])
  const begins = current.state !== 'Ongoing'
  if (!begins && request.partitions.every((partition) => hasPartition(current.partitions, partition))) return unchanged
  return {
    kind: 'next',
    next: {
      ...current,
      state: 'Ongoing',
      partitions: withPartitions(begins ? noPartitions : current.partitions, request.partitions),
      startMs: begins ? request.nowMs : current.startMs,
      updatedMs: request.nowMs,
      clientVersion: request.clientVersion,
    },
  }
}

/** Whether `partition` takes part in the producer's open transaction; the code that Produce answers if not. */
export function verifyPartition(
  current: Transaction | undefined,
  producer: ProducerIdAndEpoch,
  partition: TopicPartition,
): number {
  const code = checkOwner(current, producer)
  if (!current || code !== ErrorCode.NONE) return code
  if (transactionTable[current.state].addPartitions === 'busy') return ErrorCode.CONCURRENT_TRANSACTIONS
  if (current.state === 'Ongoing' && hasPartition(current.partitions, partition)) return ErrorCode.NONE
  return ErrorCode.TRANSACTION_ABORTABLE
}

export interface EndRequest {
  readonly producer: ProducerIdAndEpoch
  readonly commit: boolean
  readonly clientVersion: number
  readonly nowMs: number
  readonly allocateProducerId: () => number
}

/** EndTxn. `unchanged` means that it is a repetition of what has been done. */
export function decideEnd(current: Transaction | undefined, request: EndRequest): Decision {
  if (!current) return error(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
  const { producer } = request
  const bumps = request.clientVersion >= 2
  // The epoch was the last one: the id has been rotated, and the client has not heard of it.
  const isAgainAfterRotation =
    bumps &&
    current.previousProducerId === producer.producerId &&
    isEpochExhausted(producer.producerEpoch) &&
    current.producerEpoch === 0
  if (current.producerId !== producer.producerId && !isAgainAfterRotation) {
    return error(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
  }
  // A successor of an older kind does not bump: what it ended is not this producer's transaction.
  const ownEnd = bumps && current.clientVersion >= 2 && current.producerEpoch === producer.producerEpoch + 1
  const isAgain = isAgainAfterRotation || ownEnd
  if (!isAgain && current.producerEpoch !== producer.producerEpoch) return error(ErrorCode.PRODUCER_FENCED)
  const step = transactionTable[current.state][endEvent(request.commit, bumps, isAgain)]
  if (step === 'done') return unchanged
  if (step !== 'PrepareCommit' && step !== 'PrepareAbort') return error(stepErrors[step as keyof typeof stepErrors])
  return { kind: 'next', next: prepare(current, step, request, bumps) }
}

function endEvent(commit: boolean, bumps: boolean, isAgain: boolean): TransactionEvent {
  if (!bumps) return commit ? 'commit1' : 'abort1'
  if (isAgain) return commit ? 'commit2Again' : 'abort2Again'
  return commit ? 'commit2' : 'abort2'
}

function prepare(
  current: Transaction,
  state: 'PrepareCommit' | 'PrepareAbort',
  request: Pick<EndRequest, 'clientVersion' | 'nowMs' | 'allocateProducerId'>,
  bumps: boolean,
): Transaction {
  const begun = current.state === 'Ongoing'
  const rotates = bumps && isEpochExhausted(current.producerEpoch)
  return {
    ...current,
    state,
    partitions: begun ? current.partitions : noPartitions,
    startMs: begun ? current.startMs : request.nowMs,
    updatedMs: request.nowMs,
    clientVersion: request.clientVersion,
    // The markers carry the new epoch, so that what the old epoch still has in flight is refused (KIP-890).
    producerEpoch: bumps ? nextEpoch(current) : current.producerEpoch,
    lastProducerEpoch: bumps ? current.producerEpoch : current.lastProducerEpoch,
    nextProducerId: rotates ? request.allocateProducerId() : noProducerId,
  }
}

/** The last epoch is for markers only, and serves for every further one until the id is rotated. */
function nextEpoch({ producerEpoch }: Transaction): number {
  return Math.min(producerEpoch + 1, maxEpoch)
}

/** Aborts an open transaction whose producer timed out or has a successor; its epoch is spent either way. */
export function fence(current: Transaction, nowMs: number): Transaction {
  return {
    ...current,
    state: 'PrepareAbort',
    producerEpoch: nextEpoch(current),
    lastProducerEpoch: noEpoch,
    updatedMs: nowMs,
  }
}

/** All markers are in the logs. */
export function complete(current: Transaction, nowMs: number): Transaction {
  const step: TransactionStep = transactionTable[current.state].markersWritten
  if (step !== 'CompleteCommit' && step !== 'CompleteAbort') throw new TypeError(`no markers in state ${current.state}`)
  const rotates = current.nextProducerId !== noProducerId
  return {
    ...current,
    state: step,
    partitions: noPartitions,
    startMs: -1,
    updatedMs: nowMs,
    producerId: rotates ? current.nextProducerId : current.producerId,
    previousProducerId: rotates ? current.producerId : current.previousProducerId,
    producerEpoch: rotates ? 0 : current.producerEpoch,
    nextProducerId: noProducerId,
  }
}
