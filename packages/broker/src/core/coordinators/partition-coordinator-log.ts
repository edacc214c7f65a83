import { ErrorCode, type RecordBatchView } from '@millrace/protocol'
import { brokerError } from '../../errors.ts'
import type { Partition } from '../partition.ts'
import type { InternalTopicName } from '../topics/topic.ts'
import type { TopicRegistry } from '../topics/topic-registry.ts'
import type { CoordinatorLog } from './coordinator-log.ts'

/** A coordinator's log in partition 0 of its internal topic, which is created with the first record. */
export class PartitionCoordinatorLog implements CoordinatorLog {
  readonly #topics: TopicRegistry
  readonly #name: InternalTopicName

  constructor(topics: TopicRegistry, name: InternalTopicName) {
    this.#topics = topics
    this.#name = name
  }

  get #partition(): Partition | undefined {
    return this.#topics.partition(this.#name, 0)
  }

  append(batch: Buffer): number {
    const partition = this.#partition ?? this.#topics.internalTopic(this.#name).partitions[0]!
    const { errorCode, errorMessage, baseOffset } = partition.append(batch, 'coordinator')
    if (errorCode !== ErrorCode.NONE) {
      const message = `${this.#name} took no record: ${errorMessage ?? `error ${errorCode}`}`
      throw brokerError('BROKER_STORAGE_FAILED', message, { topic: this.#name, errorCode })
    }
    return baseOffset
  }

  whenCommitted(offset: number, done: (errorCode: number) => void): void {
    const partition = this.#partition
    if (!partition || offset < 0) {
      done(ErrorCode.NONE)
      return
    }
    partition.whenCommitted(offset + 1, (errorCode) => {
      // What the log says of its device means to clients of a coordinator: try again.
      done(errorCode === ErrorCode.NONE ? errorCode : ErrorCode.COORDINATOR_NOT_AVAILABLE)
    })
  }

  replay(visit: (batch: RecordBatchView) => void): void {
    for (const batch of this.#partition?.scan() ?? []) visit(batch)
  }
}
