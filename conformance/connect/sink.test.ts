import { registerSinkCrashTest } from '../../packages/connect/test/support/sink-crash-suite.ts'
import { apacheKafkaUnavailable, startApacheKafka } from '../kafka/apache-kafka.ts'

registerSinkCrashTest('on Apache Kafka', {
  skip: apacheKafkaUnavailable(),
  startBroker: () => startApacheKafka(),
  kills: 4,
})
