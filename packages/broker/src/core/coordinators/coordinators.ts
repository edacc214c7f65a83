import type { Clock, Random } from '@millrace/base'
import { controlBatch, ErrorCode } from '@millrace/protocol'
import { brokerError } from '../../errors.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { GroupConfig } from '../config/group-configs.ts'
import { GroupCoordinator } from '../groups/group-coordinator.ts'
import type { Partition } from '../partition.ts'
import type { Topic } from '../topics/topic.ts'
import type { TopicRegistry } from '../topics/topic-registry.ts'
import { hangingProducers } from '../transactions/hanging.ts'
import { coordinatorEpoch, type MarkerTarget } from '../transactions/markers.ts'
import type { ProducerIdSource } from '../transactions/producer-ids.ts'
import { TransactionCoordinator } from '../transactions/transaction-coordinator.ts'
import { PartitionCoordinatorLog } from './partition-coordinator-log.ts'
import { isStored } from './storage-failure.ts'

/** What coordinators need of the broker around them. */
export interface CoordinatorsEnvironment extends ProducerIdSource {
  readonly clock: Clock
  readonly random: Random
  readonly config: BrokerConfig
  readonly topics: TopicRegistry
  groupConfig(groupId: string): GroupConfig
}

/** Where offsets of transactions go: they end with the same markers as any other partition of the transaction. */
export const offsetsPartition = { topic: '__consumer_offsets', partition: 0 } as const

/** The group and the transaction coordinator, loaded from their logs. */
export class Coordinators {
  readonly groups: GroupCoordinator
  readonly transactions: TransactionCoordinator
  readonly #clock: Clock

  /** Everything a stop interrupted is finished here: markers that were missing are written. */
  constructor(environment: CoordinatorsEnvironment) {
    const { clock, random, config, topics } = environment
    this.#clock = clock
    this.groups = new GroupCoordinator({
      clock,
      random,
      config,
      log: new PartitionCoordinatorLog(topics, '__consumer_offsets'),
      topics,
      settings: (groupId) => {
        const settings = environment.groupConfig(groupId)
        return {
          sessionTimeoutMs: settings.number('consumer.session.timeout.ms'),
          heartbeatIntervalMs: settings.number('consumer.heartbeat.interval.ms'),
        }
      },
    })
    this.transactions = new TransactionCoordinator({
      clock,
      config,
      log: new PartitionCoordinatorLog(topics, '__transaction_state'),
      producerIds: environment,
      environment: {
        clock,
        partition: ({ topic, partition }) => {
          const found = topics.partition(topic, partition)
          return found && markerTarget(found)
        },
        markerWritten: ({ topic }, producerId, commit) => this.#markerWritten(topic, producerId, commit),
      },
    })
    topics.onChanged((topic) => this.groups.topicChanged(topic.name))
    topics.onDeleted((topic) => {
      this.groups.topicChanged(topic.name)
      this.groups.commits.topicDeleted(topic.name)
    })
    this.groups.start()
    this.transactions.start()
    for (const topic of topics.all()) this.endHanging(topic)
  }

  /** Aborts transactions that are open in a topic and that no coordinator here knows. Those of a mirror have theirs elsewhere. */
  endHanging(topic: Topic): void {
    if (topic.mirror) return
    for (const partition of topic.partitions) this.#endHanging(partition, this.#clock.now())
  }

  #endHanging(partition: Partition, timestamp: number): void {
    for (const { producerId, producerEpoch } of hangingProducers(partition, this.transactions.all())) {
      const marker = controlBatch({ type: 'abort', coordinatorEpoch, producerId, producerEpoch, timestamp })
      // A device that refuses now is asked again at the next start.
      isStored(() => {
        markerTarget(partition).appendMarker(marker)
        this.#markerWritten(partition.topic, producerId, false)
      })
    }
  }

  #markerWritten(topic: string, producerId: number, commit: boolean): void {
    if (topic === offsetsPartition.topic) this.groups.transactionEnded(producerId, commit)
  }

  close(): void {
    this.groups.close()
    this.transactions.close()
  }
}

function markerTarget(partition: Partition): MarkerTarget {
  return {
    appendMarker(batch) {
      const { errorCode, errorMessage, baseOffset } = partition.append(batch, 'coordinator')
      if (errorCode === ErrorCode.NONE) return baseOffset
      const fields = { topic: partition.topic, partition: partition.index, errorCode }
      throw brokerError('BROKER_STORAGE_FAILED', `a marker was not taken: ${errorMessage ?? ''}`, fields)
    },
    whenCommitted: (offset, done) => {
      partition.whenCommitted(offset + 1, done)
    },
    producer: (producerId) => partition.producers.producer(producerId),
  }
}
