import { apis, ErrorCode, type FetchResponse, ZERO_UUID } from '@millrace/protocol'
import type { Cluster } from '../client/cluster.ts'
import type { BrokerNode } from '../client/metadata.ts'
import { retryDelayMs } from '../client/retry.ts'
import { brokerError, isConnectionError, isRetriable, staleMetadataCodes } from '../errors.ts'
import { groupByTopic } from '../offset-topics.ts'
import type { AssignedPartition } from './assigned-partition.ts'
import type { Assignment } from './assignment.ts'
import { filterBatches } from './batch-filter.ts'
import type { ConsumerSettings, FetchedPartition } from './types.ts'

type PartitionResponse = FetchResponse['responses'][number]['partitions'][number]

interface Asked {
  readonly topic: string
  readonly assigned: AssignedPartition
  readonly generation: number
  readonly offset: number
}

/**
 * Two fetches per broker may run at a time: while one waits for data, partitions that were assigned, sought or resumed
 * meanwhile need not wait for it to end. A third one may where there is something to be had: two sets of partitions
 * with nothing new, waiting one after the other, would hold up those with a backlog.
 */
const lanesPerNode = 3
const lanesOfIdle = 2

/** Fetches ahead of poll, within the buffer limit. */
export class Fetcher {
  readonly #cluster: Cluster
  readonly #settings: ConsumerSettings
  readonly #assignment: Assignment
  readonly #purpose: string
  readonly #changed: () => void
  readonly #busyLanes = new Map<number, Set<number>>()
  #closed = false
  #cancelTimer: (() => void) | undefined

  constructor(
    cluster: Cluster,
    settings: ConsumerSettings,
    parts: { assignment: Assignment; purpose: string; changed: () => void },
  ) {
    this.#cluster = cluster
    this.#settings = settings
    this.#assignment = parts.assignment
    this.#purpose = parts.purpose
    this.#changed = parts.changed
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer?.()
    for (let lane = 0; lane < lanesPerNode; lane++) this.#cluster.pool.closePurpose(`${this.#purpose}-fetch-${lane}`)
  }

  /** Everything that was fetched; the first error of a partition is thrown instead, once. */
  take(): FetchedPartition[] {
    const taken: FetchedPartition[] = []
    for (const assigned of this.#assignment) {
      if (assigned.error !== undefined) {
        const { error } = assigned
        assigned.error = undefined
        assigned.retryAtMs = this.#cluster.settings.clock.now() + this.#cluster.settings.retryDelayMsMin
        // What other partitions have is kept for the next poll.
        if (taken.length === 0) throw error
        assigned.error = error
        continue
      }
      if (!assigned.paused && assigned.hasFetched) taken.push(...assigned.take())
    }
    return taken
  }

  /** Starts the fetches that are possible now. */
  start(): void {
    if (this.#closed) return
    const nowMs = this.#cluster.settings.clock.now()
    let roomBytes = this.#settings.bufferBytes
    for (const assigned of this.#assignment) roomBytes -= assigned.bufferedBytes
    if (roomBytes <= 0) return
    let wakeAtMs = Number.POSITIVE_INFINITY
    const byNode = new Map<BrokerNode, AssignedPartition[]>()
    for (const assigned of this.#assignment) {
      if (assigned.paused || assigned.fetching || assigned.position === undefined || assigned.error !== undefined)
        continue
      if (assigned.retryAtMs > nowMs) {
        wakeAtMs = Math.min(wakeAtMs, assigned.retryAtMs)
        continue
      }
      const known = this.#cluster.metadata.partition(assigned.topic, assigned.partition)
      const node = known === undefined ? undefined : this.#cluster.metadata.node(known.leader)
      if (node === undefined) {
        this.#backOff(assigned, true)
        wakeAtMs = Math.min(wakeAtMs, assigned.retryAtMs)
        continue
      }
      const inNode = byNode.get(node)
      if (inNode === undefined) byNode.set(node, [assigned])
      else inNode.push(assigned)
    }
    for (const [node, assigned] of byNode) this.#startLane(node, assigned, roomBytes)
    this.#wakeAt(wakeAtMs)
  }

  #startLane(node: BrokerNode, partitions: readonly AssignedPartition[], roomBytes: number): void {
    const busy = this.#busyLanes.get(node.id) ?? new Set()
    this.#busyLanes.set(node.id, busy)
    const lanes = partitions.every(({ isIdle }) => isIdle) ? lanesOfIdle : lanesPerNode
    for (let lane = 0; lane < lanes; lane++) {
      if (busy.has(lane)) continue
      busy.add(lane)
      const asked = partitions.map((assigned) => ({
        topic: assigned.topic,
        assigned,
        generation: assigned.generation,
        offset: assigned.fetchOffset,
      }))
      for (const { assigned } of asked) assigned.fetchBegan()
      this.#fetch(node, lane, asked, roomBytes)
        .catch(() => {})
        .finally(() => {
          busy.delete(lane)
          for (const { assigned, generation } of asked) assigned.fetchEnded(generation)
          this.start()
        })
      return
    }
  }

  async #fetch(node: BrokerNode, lane: number, asked: readonly Asked[], roomBytes: number): Promise<void> {
    try {
      const link = await this.#cluster.pool.get(node, `${this.#purpose}-fetch-${lane}`)
      const { requestTimeoutMs } = this.#cluster.settings
      const timeoutMs = requestTimeoutMs + this.#settings.maxWaitMs
      const body = this.#request(asked, roomBytes)
      const named = body.topics.some(({ topicId }) => topicId === ZERO_UUID)
      const response = await link.request(apis.Fetch, body, { timeoutMs, maxVersion: named ? 12 : 17 })
      if (response.body.errorCode !== 0) throw brokerError(response.body.errorCode, `fetch from node ${node.id}`)
      this.#takeOver(asked, response.body)
    } catch (error) {
      for (const { assigned, generation } of asked) {
        if (assigned.generation !== generation) continue
        if (isRetriable(error)) this.#backOff(assigned, isConnectionError(error))
        else if (!this.#closed) assigned.error = error
      }
    }
    this.#changed()
  }

  #request(asked: readonly Asked[], roomBytes: number) {
    const { metadata } = this.#cluster
    const { maxWaitMs, minBytes, maxPartitionBytes, isolation } = this.#settings
    const topics = groupByTopic(asked).map(([topic, inTopic]) => ({
      topic,
      topicId: metadata.topic(topic)?.topicId ?? ZERO_UUID,
      partitions: inTopic.map(({ assigned: { partition }, offset }) => ({
        partition,
        currentLeaderEpoch: metadata.partition(topic, partition)?.leaderEpoch ?? -1,
        fetchOffset: offset,
        partitionMaxBytes: maxPartitionBytes,
      })),
    }))
    const maxBytes = Math.min(this.#settings.maxBytes, Math.max(roomBytes, maxPartitionBytes))
    const isolationLevel = isolation === 'read_committed' ? 1 : 0
    return { maxWaitMs, minBytes, maxBytes, isolationLevel, topics }
  }

  #takeOver(asked: readonly Asked[], body: FetchResponse): void {
    const { metadata } = this.#cluster
    metadata.addNodes(body.nodeEndpoints.map(({ nodeId: id, host, port, rack }) => ({ id, host, port, rack })))
    for (const { topic: name, topicId, partitions } of body.responses) {
      const topic = name === '' ? metadata.topicName(topicId) : name
      for (const response of partitions) {
        const one = asked.find(
          ({ assigned, topic: askedTopic }) => askedTopic === topic && assigned.partition === response.partitionIndex,
        )
        // Sought or revoked while the fetch ran: what came is not what is wanted.
        if (one === undefined || one.assigned.generation !== one.generation) continue
        this.#takeOverOne(one.assigned, one.offset, response)
      }
    }
  }

  #takeOverOne(assigned: AssignedPartition, offset: number, response: PartitionResponse): void {
    const { errorCode, highWatermark, lastStableOffset, logStartOffset, records, currentLeader } = response
    const { topic, partition } = assigned
    if (errorCode !== ErrorCode.NONE) {
      this.#cluster.metadata.updateLeader(topic, partition, currentLeader.leaderId, currentLeader.leaderEpoch)
      this.#refused(assigned, offset, errorCode)
      return
    }
    assigned.failures = 0
    assigned.highWatermark = highWatermark
    assigned.lastStableOffset = lastStableOffset
    assigned.isIdle = records === null || records.length === 0
    if (records === null || records.length === 0) return
    const aborted = this.#settings.isolation === 'read_committed' ? (response.abortedTransactions ?? []) : undefined
    try {
      const check = { crc: this.#settings.checkCrcs, topic, partition }
      const { batches, nextOffset } = filterBatches(records, aborted, check)
      if (nextOffset === undefined || nextOffset <= offset) return
      assigned.add({
        topic,
        partition,
        batches,
        firstOffset: offset,
        nextOffset,
        highWatermark,
        lastStableOffset,
        logStartOffset,
        sizeInBytes: records.length,
      })
    } catch (error) {
      assigned.error = error
    }
  }

  #refused(assigned: AssignedPartition, offset: number, errorCode: number): void {
    const { topic, partition } = assigned
    const error = brokerError(errorCode, `fetch from ${topic}-${partition} at ${offset}`, { topic, partition, offset })
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      // What was fetched ahead is still good; the reset comes once it has been handed out.
      if (assigned.hasFetched) {
        this.#backOff(assigned, false)
        return
      }
      assigned.seek(undefined)
      assigned.outOfRange = true
    } else if (isRetriable(error) || errorCode === ErrorCode.UNKNOWN_SERVER_ERROR) {
      this.#backOff(assigned, staleMetadataCodes.has(errorCode))
    } else assigned.error = error
  }

  #backOff(assigned: AssignedPartition, refresh: boolean): void {
    const { settings, stats } = this.#cluster
    stats.retries += 1
    assigned.retryAtMs = settings.clock.now() + retryDelayMs(settings, assigned.failures++)
    if (!refresh) return
    const first = assigned.failures === 1
    this.#cluster.refreshMetadata([assigned.topic]).then(
      () => {
        // The usual case: metadata was merely missing or old.
        if (first) assigned.retryAtMs = 0
        this.start()
      },
      () => {},
    )
  }

  #wakeAt(dueMs: number): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    if (dueMs === Number.POSITIVE_INFINITY) return
    const { clock } = this.#cluster.settings
    this.#cancelTimer = clock.after(Math.max(1, dueMs - clock.now()), () => this.start())
  }
}
