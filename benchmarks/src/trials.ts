import type { Trial } from './trial.ts'
import { brokerProduce, brokerProduceLarge } from './trials/broker-produce.ts'
import { captureOutbox } from './trials/capture-outbox.ts'
import { clientConsume, clientConsumeRecords } from './trials/client-consume.ts'
import { streamsAggregate, streamsFilterMap } from './trials/streams.ts'

export const trials: readonly Trial[] = [
  clientConsume,
  clientConsumeRecords,
  brokerProduce,
  brokerProduceLarge,
  streamsAggregate,
  streamsFilterMap,
  captureOutbox,
]
