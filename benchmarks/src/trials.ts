import type { Trial } from './trial.ts'
import { brokerConsume, brokerConsumeLarge } from './trials/broker-consume.ts'
import { brokerIdleConsumers } from './trials/broker-idle-consumers.ts'
import { brokerLatency } from './trials/broker-latency.ts'
import { brokerPartitions } from './trials/broker-partitions.ts'
import { brokerProduce, brokerProduceLarge } from './trials/broker-produce.ts'
import { brokerStart } from './trials/broker-start.ts'
import { captureLatency, captureLatencyBusy } from './trials/capture-latency.ts'
import { captureOutbox } from './trials/capture-outbox.ts'
import { captureTables } from './trials/capture-tables.ts'
import { clientConsume, clientConsumeRecords } from './trials/client-consume.ts'
import { sinkInsertClickHouse, sinkUpsert, sinkUpsertMariaDb } from './trials/sink-upsert.ts'
import { streamsTrialsOfBothGuarantees } from './trials/streams.ts'
import { streamsQueryLocal, streamsQueryRemote } from './trials/streams-query.ts'
import { streamsRestore } from './trials/streams-restore.ts'
import { streamsStoreCurve } from './trials/streams-store-curve.ts'
import { streamsThreads } from './trials/streams-threads.ts'

export const trials: readonly Trial[] = [
  clientConsume,
  clientConsumeRecords,
  brokerProduce,
  brokerProduceLarge,
  brokerConsume,
  brokerConsumeLarge,
  brokerLatency,
  brokerStart,
  brokerIdleConsumers,
  brokerPartitions,
  ...streamsTrialsOfBothGuarantees,
  streamsRestore,
  streamsThreads,
  streamsStoreCurve,
  streamsQueryLocal,
  streamsQueryRemote,
  captureOutbox,
  captureTables,
  captureLatency,
  captureLatencyBusy,
  sinkUpsert,
  sinkUpsertMariaDb,
  sinkInsertClickHouse,
]
